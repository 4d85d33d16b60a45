// Web Push in a browser: permission, service worker, subscription, and the user it belongs to. It is a module of its own
// (`edge-rooms/push`), so that a page without pushes does not load it.

import { type AnyClient, callApi, type HttpMethod, RoomsError, type RoomsErrorCode } from "../index.ts";
import { type PushBrowser, type PushWorker, thisBrowser } from "./push-browser.ts";

export interface PushOptions {
  /**
   * The path on the page's own origin that serves `edge-rooms-sw.js` of this package. It is registered for a scope of its
   * own in its folder, `edge-rooms-push`, in which no page lies: a service worker of the app stays in control of all pages.
   *
   * Or a function that registers the app's own service worker, which `edge-rooms/service-worker` was bundled into. It is
   * called by each method, so it must do no harm when called again, and no scope is added.
   *
   * @default "/edge-rooms-sw.js"
   *
   * @example
   * createPush(client, { serviceWorker: () => navigator.serviceWorker.register("/sw.js") });
   */
  readonly serviceWorker?: PushWorker;
}

/**
 * Whether this browser shows pushes for this user. `unsupported`: it has no Web Push, or not on this page, as without
 * TLS, in a sandboxed frame, or where the user blocks site data. `denied`: the user has forbidden notifications for this
 * site, and only the browser's settings can change that.
 */
export type PushState = "unsupported" | "denied" | "off" | "on";

/** The subscription of this browser, and its user: another user who signs in here must not get their pushes. */
interface Remembered {
  readonly user: string;
  readonly endpoint: string;
}

/** Milliseconds for a call: the server may ask it to wait for a later token, though not that long. */
const WITHIN_MS = 300_000;

/** The message of the service worker to the open pages. */
const CHANGED = "edge-rooms.subscriptionChanged";

/**
 * Pushes to this browser for the user of `client`, which need not be connected. It does nothing by itself.
 *
 * @example
 * const push = createPush(client);
 * await push.refresh(); // at each visit
 * button.onclick = () => push.enable();
 */
export const createPush = (client: AnyClient, options: PushOptions = {}): Push =>
  new Push(client, thisBrowser(options.serviceWorker ?? "/edge-rooms-sw.js"));

/** Made by {@link createPush}. All methods reject with a `RoomsError`; calls are carried out one after the other. */
export class Push {
  readonly #client: AnyClient;
  readonly #browser: PushBrowser | undefined;
  #isListening = false;
  /** Two calls at once could leave a subscription that is not known here. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(client: AnyClient, browser: PushBrowser | undefined) {
    this.#client = client;
    this.#browser = browser;
  }

  /**
   * Whether pushes are on here. Asks neither the user nor the server, so it works offline.
   *
   * @example
   * button.hidden = (await push.state()) !== "off";
   */
  async state(): Promise<PushState> {
    const browser = this.#browser;
    if (browser === undefined) return "unsupported";
    if (browser.permission() === "denied") return "denied";
    const subscription = await subscriptionIn(browser).catch(() => undefined);
    if (subscription === undefined) return "unsupported";
    const isOurs = subscription !== null && subscription.endpoint === this.#remembered()?.endpoint;
    return isOurs && browser.permission() === "granted" ? "on" : "off";
  }

  /**
   * Turns pushes on. The browser asks the user for permission, so call it from a click.
   *
   * Rejects with `not_found` (the browser or the server has no pushes), `forbidden` (the user said no), `offline` (the
   * server or the push service of the browser cannot be reached) or the server's refusal. Then pushes are off.
   *
   * @example
   * button.onclick = () => push.enable().catch((error) => toast(error.message));
   */
  enable(): Promise<void> {
    // At once: later the browser would not take it as an effect of the click.
    const answer = this.#browser?.askPermission();
    answer?.catch(() => {});
    return this.#next(async () => {
      const browser = this.#browser;
      if (browser === undefined)
        throw failure("not_found", "This browser has no pushes, or not on this page.");
      if ((await answer) !== "granted") throw failure("forbidden", "Notifications are not allowed.");
      await this.#subscribe(browser);
    });
  }

  /**
   * Turns pushes off: call it when the user signs out. Offline it works too: the server is not told, and learns with its
   * next push that the address is gone.
   *
   * @example
   * button.onclick = () => push.disable();
   */
  disable(): Promise<void> {
    return this.#next(async () => {
      const browser = this.#browser;
      const subscription = await subscriptionIn(browser).catch(() => null);
      browser?.forget();
      if (subscription == null) return;
      await subscription.unsubscribe();
      await this.#unregister(subscription.endpoint).catch(() => {});
    });
  }

  /**
   * Where pushes are on, registers this browser with the server again: call it at each visit, as browsers change their
   * address and another user may have signed in. Asks the user for nothing. Rejects as `enable` does.
   *
   * @example
   * if ((await push.refresh()) === "denied") toast("Notifications are off in the settings of your browser.");
   */
  refresh(): Promise<PushState> {
    return this.#next(async () => {
      const browser = this.#browser;
      const isOn = browser?.permission() === "granted" && this.#remembered() !== undefined;
      if (browser !== undefined && isOn) await this.#subscribe(browser);
      return this.state();
    });
  }

  async #subscribe(browser: PushBrowser): Promise<void> {
    const { key } = await this.#call("GET", "/v1/push/key");
    if (typeof key !== "string") throw failure("not_found", "The server sends no pushes.");
    const { pushManager } = await browser.register(key).catch((cause: unknown) => {
      throw failure("not_found", "The service worker could not be registered.", cause);
    });
    const held = await pushManager.getSubscription();
    const known = this.#remembered();
    if (held !== null && isFor(held, key)) {
      const { user } = await this.#register(held);
      if (user === known?.user) {
        browser.remember({ user, endpoint: held.endpoint });
        if (known.endpoint !== held.endpoint) await this.#unregister(known.endpoint);
        return this.#listen(browser);
      }
      // The server may know it as another user's, whose pushes this user must not see.
      await this.#unregister(held.endpoint);
    }
    await held?.unsubscribe();
    browser.forget();
    const options = { userVisibleOnly: true, applicationServerKey: key };
    const made = await pushManager.subscribe(options).catch((cause: unknown) => {
      throw failure("offline", "The push service of this browser could not be reached.", cause);
    });
    const { user } = await this.#register(made);
    browser.remember({ user, endpoint: made.endpoint });
    this.#listen(browser);
  }

  async #register(subscription: PushSubscription): Promise<{ user: string }> {
    const { user } = await this.#call("POST", "/v1/me/push", subscription.toJSON());
    return { user: String(user) };
  }

  async #unregister(endpoint: string): Promise<void> {
    await this.#call("DELETE", "/v1/me/push", { endpoint });
  }

  /** When the service worker subscribed again, a page must tell the server: the worker has no token. */
  #listen(browser: PushBrowser): void {
    if (this.#isListening) return;
    this.#isListening = true;
    browser.onMessage((message) => {
      if (isRecord(message) && message.type === CHANGED) this.refresh().catch(() => {});
    });
  }

  #remembered(): Remembered | undefined {
    const value = this.#browser?.remembered();
    if (!isRecord(value) || typeof value.user !== "string" || typeof value.endpoint !== "string")
      return undefined;
    return { user: value.user, endpoint: value.endpoint };
  }

  #next<T>(run: () => Promise<T>): Promise<T> {
    const result = this.#last.then(run).catch((error: unknown) => {
      throw error instanceof RoomsError
        ? error
        : failure("internal", "Pushes failed in this browser.", error);
    });
    this.#last = result.catch(() => {});
    return result;
  }

  async #call(method: HttpMethod, path: string, body?: unknown): Promise<Answer> {
    const answer = await callApi(this.#client, method, path, body, { timeoutMs: WITHIN_MS });
    return isRecord(answer) ? answer : {};
  }
}

type Answer = Readonly<Record<string, unknown>>;

const failure = (code: RoomsErrorCode, message: string, cause?: unknown) =>
  new RoomsError(code, message, { cause });

const isRecord = (value: unknown): value is Answer => typeof value === "object" && value !== null;

/** `null` where there is none. Rejects where there can be none. */
const subscriptionIn = async (browser: PushBrowser | undefined): Promise<PushSubscription | null> =>
  (await (await browser?.registration())?.pushManager.getSubscription()) ?? null;

/** Whether the subscription was made with this key. A browser that does not say which key it was is trusted. */
function isFor({ options }: PushSubscription, key: string): boolean {
  const bytes = options?.applicationServerKey;
  if (bytes == null) return true;
  const text = btoa(String.fromCharCode(...new Uint8Array(bytes)));
  return text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "") === key;
}
