/** The settings of a deployment, by the names of docs/settings.md. */
export type TestSettings = Readonly<Record<string, string | number>>;
