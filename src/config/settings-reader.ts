/** Reads settings one by one, and collects what is wrong with them. An empty value counts as absent. */
export class SettingsReader {
  readonly problems: string[] = [];
  readonly #settings: Readonly<Record<string, unknown>>;

  constructor(settings: Readonly<Record<string, unknown>>) {
    this.#settings = settings;
  }

  problem(name: string, what: string): void {
    this.problems.push(`${name} ${what}`);
  }

  text(name: string, fallback = ""): string {
    const value = this.#settings[name];
    // `[vars]` may hold numbers, as in RATE_BURST = 30.
    const text = typeof value === "number" ? String(value) : value;
    if (text === undefined || text === null) return fallback;
    if (typeof text === "string") return text.trim() || fallback;
    this.problem(name, "must be text");
    return fallback;
  }

  oneOf<const Value extends string>(name: string, values: readonly Value[], fallback: Value): Value {
    const text = this.text(name, fallback);
    const found = values.find((value) => value === text);
    if (found === undefined) this.problem(name, `must be one of ${values.filter(Boolean).join(", ")}`);
    return found ?? fallback;
  }

  list(name: string, fits: (entry: string) => boolean, what: string): readonly string[] {
    const entries = this.text(name)
      .split(",")
      .map((entry) => entry.trim())
      .filter((entry) => entry !== "");
    if (!entries.every(fits)) this.problem(name, `must be a comma-separated list of ${what}`);
    return entries;
  }

  integer(name: string, fallback: number, min: number, max: number): number {
    const value = this.number(name, fallback, min, max);
    if (Number.isSafeInteger(value)) return value;
    this.problem(name, "must be a whole number");
    return fallback;
  }

  number(name: string, fallback: number, min: number, max: number): number {
    const text = this.text(name);
    if (text === "") return fallback;
    const value = Number(text);
    if (Number.isFinite(value) && value >= min && value <= max) return value;
    this.problem(name, `must be a number from ${min} to ${max}`);
    return fallback;
  }
}
