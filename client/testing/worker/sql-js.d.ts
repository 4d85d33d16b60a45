// What the kit uses of `sql.js`, which has no types of its own.

declare module "sql.js/dist/sql-wasm-inline.js" {
  interface Statement {
    step(): boolean;
    getAsObject(): Record<string, unknown>;
    free(): void;
  }
  interface SqlJs {
    readonly Database: new () => {
      prepare(query: string, values: readonly unknown[]): Statement;
      close(): void;
    };
  }
  export default function load(): Promise<SqlJs>;
}
