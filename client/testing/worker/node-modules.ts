// Modules of Node, where this is Node. Not imports: bundlers and Jest do not know every module of Node.

interface Statement {
  all(...values: unknown[]): Readonly<Record<string, unknown>>[];
}

export interface NodeModules {
  readonly "node:sqlite": {
    readonly DatabaseSync: new (path: string) => { prepare(query: string): Statement; close(): void };
  };
  readonly "node:crypto": { readonly webcrypto: Crypto };
}

declare const process:
  | { getBuiltinModule?<Name extends keyof NodeModules>(name: Name): NodeModules[Name] | undefined }
  | undefined;

/** `undefined`: this is not Node, or one that does not have it. */
export const nodeModule = <Name extends keyof NodeModules>(name: Name): NodeModules[Name] | undefined =>
  typeof process === "undefined" ? undefined : process.getBuiltinModule?.(name);
