// What the stages of React, Vue and Svelte share: a page that a server renders, and whose parts the test shows and hides.

export interface StageState {
  /** A part outside of what is hidden holds the room too. */
  readonly isHeld: boolean;
  /** The list: hidden by an Activity in React, kept alive in Vue, gone in Svelte. */
  readonly isShown: boolean;
  /** The boundary around the list waits. React only. */
  readonly isWaiting: boolean;
  /** How many slow rows a transition shows. React only. */
  readonly rows: number;
}

export const FIRST: StageState = { isHeld: true, isShown: true, isWaiting: false, rows: 0 };

/** Left at once: the test does not wait. */
export const now = { releaseAfterMs: 0 };

/** The test calls `stage.set` in the page, and reads the counts. */
export const stage: { set: (state: Partial<StageState>) => void; slowRows: number; heldAtCommit: number } = {
  set: () => {},
  slowRows: 0,
  heldAtCommit: 0,
};
Object.assign(globalThis, { stage });
