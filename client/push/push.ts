// Web Push in a browser: permission, service worker, subscription, and whose it is. A module of its own
// (`edge-rooms/push`), so that who does not use it does not load it.

import { type Client, callApi, type HttpMethod, RoomsError, type RoomsErrorCode } from "../index.ts";
import { type PushBrowser, thisBrowser } from "./push-browser.ts";

export interface PushOptions {
  /**
   * Where the page's own origin serves `edge-rooms-sw.js` of this package. Default `"/edge-rooms-sw.js"`; pages
   * outside of its folder are not in its scope, which does no harm to pushes.
   */
  readonly serviceWorker?: string;
}

/** `denied`: the user has forbidden notifications for this site, and only the browser's settings can change that. */
export type PushState = "unsupported" | "denied" | "off" | "on";

/** What is known of the subscription here, so that nobody gets what is meant for who used this browser before. */
interface Remembered {
  readonly user: string;
  readonly endpoint: string;
}

/** Longer than the server says that a token may have to wait. */
const WITHIN_MS = 300_000;

/** What the service worker tells open pages. */
const CHANGED = "edge-rooms.subscriptionChanged";

/**
 * Pushes to this browser, for the user of `client`, which need not be connected. Does nothing by itself.
 *
 * @example
 * const push = createPush(client);
 * await push.refresh(); // at each visit
 * button.onclick = () => push.enable();
 */
export const createPush = (client: Client, options: PushOptions = {}): Push =>
  new Push(client, thisBrowser(), options);

export class Push {
  readonly #client: Client;
  readonly #browser: PushBrowser | undefined;
  readonly #script: string;
  #isListening = false;
  /** One after the other: two at once could leave a subscription that nobody knows. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(client: Client, browser: PushBrowser | undefined, options: PushOptions) {
    this.#client = client;
    this.#browser = browser;
    this.#script = options.serviceWorker ?? "/edge-rooms-sw.js";
  }

  /** Asks the user for nothing. */
  async state(): Promise<PushState> {
    const browser = this.#browser;
    if (browser === undefined) return "unsupported";
    if (browser.permission() === "denied") return "denied";
    const subscription = await (await browser.registration(this.#script))?.pushManager.getSubscription();
    const isOurs = subscription != null && subscription.endpoint === this.#remembered()?.endpoint;
    return isOurs && browser.permission() === "granted" ? "on" : "off";
  }

  /**
   * Asks for the permission, so call it from a click. Rejects `not_found` where browser or server know no pushes,
   * `forbidden` where the user says no, `offline` where the server or the push service cannot be reached.
   */
  enable(): Promise<void> {
    // At once: later it would not count as the click's doing any more.
    const answer = this.#browser?.askPermission();
    answer?.catch(() => {});
    return this.#next(async () => {
      const browser = this.#browser;
      if (browser === undefined)
        throw failure("not_found", "This browser knows no pushes, or not on this page.");
      if ((await answer) !== "granted") throw failure("forbidden", "Notifications are not allowed.");
      await this.#subscribe(browser);
    });
  }

  /** Nothing is shown here any more, also where the server cannot be told: it finds nobody at the address then. */
  disable(): Promise<void> {
    return this.#next(async () => {
      const browser = this.#browser;
      const subscription = await (await browser?.registration(this.#script))?.pushManager.getSubscription();
      browser?.forget();
      if (browser === undefined || subscription == null) return;
      await subscription.unsubscribe();
      await this.#untell(subscription.endpoint).catch(() => {});
    });
  }

  /** Where pushes are on, tells the server so anew, as browsers and users change; asks the user for nothing. */
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
    if (typeof key !== "string") throw failure("not_found", "The server gave no key.");
    const { pushManager } = await browser.register(this.#script, key);
    const held = await pushManager.getSubscription();
    const known = this.#remembered();
    if (held !== null && isFor(held, key)) {
      const { user } = await this.#tell(held);
      if (user === known?.user) {
        browser.remember({ user, endpoint: held.endpoint });
        if (known.endpoint !== held.endpoint) await this.#untell(known.endpoint);
        return this.#listen(browser);
      }
      // It may be known as somebody else's, who shall not be shown here to this user.
      await this.#untell(held.endpoint);
    }
    await held?.unsubscribe();
    browser.forget();
    const options = { userVisibleOnly: true, applicationServerKey: key };
    const made = await pushManager.subscribe(options).catch((cause: unknown) => {
      throw failure("offline", "The push service of this browser could not be reached.", cause);
    });
    const { user } = await this.#tell(made);
    browser.remember({ user, endpoint: made.endpoint });
    this.#listen(browser);
  }

  async #tell(subscription: PushSubscription): Promise<{ user: string }> {
    const { user } = await this.#call("POST", "/v1/me/push", subscription.toJSON());
    return { user: String(user) };
  }

  async #untell(endpoint: string): Promise<void> {
    await this.#call("DELETE", "/v1/me/push", { endpoint });
  }

  /** The service worker has subscribed anew, and has no token to say so. */
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

/** Of another key it is of no use. Browsers that do not say which are believed. */
function isFor({ options }: PushSubscription, key: string): boolean {
  const bytes = options?.applicationServerKey;
  if (bytes == null) return true;
  const text = btoa(String.fromCharCode(...new Uint8Array(bytes)));
  return text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "") === key;
}
