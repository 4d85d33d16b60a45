/**
 * The same value, with the types that the application's event map declares in place of those of the wire, where `data` is
 * `unknown`. This is the one place where the two meet, and nothing is checked here: a check would ship a schema of each
 * event to every page, and only the application knows what it trusts.
 *
 * `Declared` may only say more than `Wire` does, so this is no way around the compiler for anything but `event` and `data`:
 * a message with another field, or an event with another name, does not compile. A listener for what is declared is a
 * wider type than a listener for the wire, so it passes too.
 */
export function declared<Wire, Declared extends Wire>(value: Wire): Declared {
  return value as Declared;
}
