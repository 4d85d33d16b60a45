/** A user who was named in a message, and was not there to hear it. */
export interface Mention {
  readonly user: string;
  readonly seq: number;
  readonly epoch: string;
  /** Whom it is from; `null` is server code. */
  readonly from: { readonly id: string; readonly name?: string } | null;
}
