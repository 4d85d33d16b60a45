// What the deployer's back end has said of a message, on its way through a room.

/** Whether the back end is asked about messages of this event. */
export type AsksAbout = (event: string) => boolean;

/** How a message passes. */
export interface Ruling {
  /** What is stored in place of what the user wrote, as JSON. */
  readonly data?: string;
  /** The word that marks it. */
  readonly flag?: string;
}

/** A command that was looked at when it arrived, and paid for. */
export interface Asked {
  /** Left out: nobody had to be asked, as it repeats a message that is stored. */
  readonly ruling?: Ruling;
}

export const isAltered = (asked: Asked | undefined): boolean =>
  asked?.ruling?.data !== undefined || asked?.ruling?.flag !== undefined;
