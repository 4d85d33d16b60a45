/** A fault in an app's listener is the app's: it is shown where its other faults are, and stops nobody else. */
export function reportListenerError(error: unknown): void {
  // Node has no `reportError`.
  if (typeof globalThis.reportError === "function") globalThis.reportError(error);
  else console.error(error);
}
