// What `cloudflare:workers` exports as `env` and `exports` in tests: the bindings of wrangler.toml and vitest.config.ts.
declare namespace Cloudflare {
  interface Env {
    readonly ROOMS: DurableObjectNamespace<import("../../../src/room/runtime/room-object.ts").RoomObject>;
    readonly USERS: DurableObjectNamespace<import("../../../src/user/runtime/user-object.ts").UserObject>;
    readonly REGISTRY: DurableObjectNamespace<
      import("../../../src/registry/runtime/registry-object.ts").RegistryObject
    >;
    readonly RELAYS: DurableObjectNamespace<import("../../../src/relay/runtime/relay-object.ts").RelayObject>;
    readonly JWT_SECRET: string;
    readonly API_KEYS: string;
  }
  interface GlobalProps {
    readonly mainModule: typeof import("../../../src/index.ts");
  }
}
