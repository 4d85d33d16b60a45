// A browser that can receive pushes, and the server that its pages call. To let a browser refuse another thing, add a
// field here.

import type { PushBrowser, Registration } from "../../../../client/push/push-browser.ts";

export interface FakeServer {
  key: string | undefined;
  /** The user's name is the first part of their token; `void` is no valid one, `early` not yet. */
  token: string;
  isDown: boolean;
  readonly calls: string[];
  fetch(url: string, init: RequestInit): Response;
  /** The subscriptions by user. */
  addresses(): Record<string, string[]>;
}

const refusal = (status: number, code: string, more: object = {}) =>
  Response.json({ error: { code, message: code, ...more } }, { status });

export function fakeServer(): FakeServer {
  const known = new Map<string, Set<string>>();
  return {
    key: "KEY1",
    token: "ada",
    isDown: false,
    calls: [],
    addresses: () => Object.fromEntries([...known].map(([user, set]) => [user, [...set]])),
    fetch(url, { method = "GET", headers, body }) {
      if (this.isDown) throw new TypeError("network");
      const { endpoint } = JSON.parse(typeof body === "string" ? body : "{}");
      this.calls.push([method, url, endpoint].filter(Boolean).join(" "));
      const user = new Headers(headers).get("Authorization")?.slice("Bearer ".length).split(".")[0] ?? "";
      if (user === "void") return refusal(401, "token_expired");
      if (user === "early") return refusal(401, "token_expired", { retryAfterMs: 61_000 });
      if (method === "GET") return Response.json({ key: this.key ?? null });
      if (this.key === undefined) return refusal(404, "not_found");
      const own = known.get(user) ?? new Set();
      known.set(user, own);
      if (method === "POST") own.add(endpoint);
      else own.delete(endpoint);
      return Response.json({ user });
    },
  };
}

const bytesOf = (text: string): ArrayBuffer => new TextEncoder().encode(atob(text)).buffer;

export class FakeBrowser implements PushBrowser {
  answer: NotificationPermission = "granted";
  isPushServiceDown = false;
  asked = 0;
  /** Whether the user blocks site data, and with it service workers. */
  isBlocked = false;
  /** Of each registration of the service worker. */
  readonly keys: string[] = [];
  readonly ended: string[] = [];
  subscription: PushSubscription | null = null;
  #permission: NotificationPermission = "default";
  #memory: object | undefined;
  #made = 0;
  readonly #listeners: ((message: unknown) => void)[] = [];

  permission = () => this.#permission;
  remembered = () => this.#memory;
  remember = (value: object) => {
    this.#memory = value;
  };
  forget = () => {
    this.#memory = undefined;
  };
  onMessage = (fn: (message: unknown) => void) => {
    this.#listeners.push(fn);
  };

  async askPermission() {
    this.asked++;
    this.#permission = this.answer;
    return this.answer;
  }

  async registration(): Promise<Registration | undefined> {
    if (this.isBlocked) throw new DOMException("site data is blocked", "SecurityError");
    return this.keys.length === 0 ? undefined : this.#registration();
  }

  async register(key: string): Promise<Registration> {
    if (this.isBlocked) throw new DOMException("site data is blocked", "SecurityError");
    this.keys.push(key);
    return this.#registration();
  }

  tell(message: unknown): void {
    for (const fn of this.#listeners) fn(message);
  }

  /** Fires as a service worker does on `pushsubscriptionchange`. */
  async renew(): Promise<void> {
    this.subscription = this.#make(this.keys.at(-1) ?? "");
  }

  #registration(): Registration {
    return {
      pushManager: {
        getSubscription: async () => this.subscription,
        subscribe: async ({ applicationServerKey }: PushSubscriptionOptionsInit = {}) => {
          if (this.isPushServiceDown) throw new DOMException("no push service", "AbortError");
          this.subscription = this.#make(String(applicationServerKey));
          return this.subscription;
        },
        permissionState: async () => "granted",
      },
    };
  }

  #make(key: string): PushSubscription {
    const endpoint = `https://push.example/${++this.#made}`;
    return {
      endpoint,
      expirationTime: null,
      options: { userVisibleOnly: true, applicationServerKey: bytesOf(key) },
      getKey: () => null,
      toJSON: () => ({ endpoint, keys: { p256dh: "", auth: "" } }),
      unsubscribe: async () => {
        this.ended.push(endpoint);
        if (this.subscription?.endpoint === endpoint) this.subscription = null;
        return true;
      },
    };
  }
}
