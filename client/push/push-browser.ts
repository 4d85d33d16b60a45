/** What pushes need of a browser. Tests have their own. */
export interface PushBrowser {
  permission(): NotificationPermission;
  askPermission(): Promise<NotificationPermission>;
  /** The registration of the service worker, if there is one. Rejects where the browser forbids service workers. */
  registration(): Promise<Registration | undefined>;
  /** Resolves when the service worker is active. It gets `key`, as it may have to subscribe again by itself. */
  register(key: string): Promise<Registration>;
  onMessage(fn: (message: unknown) => void): void;
  remembered(): unknown;
  remember(value: object): void;
  forget(): void;
}

export type Registration = Pick<ServiceWorkerRegistration, "pushManager">;

/** The path of our service worker, or what registers the app's own. */
export type PushWorker = string | (() => Promise<ServiceWorkerRegistration>);

const MEMORY = "edge-rooms.push";
/**
 * No page lies here, so the worker of the app stays in control of every page. Without a slash at its end, as the address
 * in a push (`./`) is relative to it.
 */
const SCOPE = "edge-rooms-push";

/** `undefined` where the browser has no pushes, or not on this page: without TLS, or in a sandboxed frame. */
export function thisBrowser(worker: PushWorker): PushBrowser | undefined {
  /** Where nothing may be stored, it is remembered for this visit at least. */
  let memory: object | undefined;
  try {
    // Each may be missing, and in a sandboxed frame reading one throws.
    const { serviceWorker } = navigator;
    if (!serviceWorker || !PushManager || !Notification.permission) return undefined;
    const scopeOf = (script: string) => new URL(SCOPE, new URL(script, location.href)).href;
    return {
      permission: () => Notification.permission,
      askPermission: async () => Notification.requestPermission(),
      registration: async () => {
        if (typeof worker !== "string") return worker();
        const scope = scopeOf(worker);
        // Where there is none, it answers the one of a wider scope: that of the app.
        const found = await serviceWorker.getRegistration(scope);
        return found?.scope === scope ? found : undefined;
      },
      async register(key) {
        if (typeof worker !== "string") return activated(await worker());
        const script = new URL(worker, location.href);
        script.searchParams.set("key", key);
        return activated(await serviceWorker.register(script, { scope: scopeOf(worker) }));
      },
      onMessage: (fn) => serviceWorker.addEventListener("message", ({ data }) => fn(data)),
      remembered: () => inStorage((storage) => JSON.parse(storage.getItem(MEMORY) ?? "null")) ?? memory,
      remember(value) {
        memory = value;
        inStorage((storage) => {
          // If it is full, no older value must stay.
          storage.removeItem(MEMORY);
          storage.setItem(MEMORY, JSON.stringify(value));
        });
      },
      forget() {
        memory = undefined;
        inStorage((storage) => storage.removeItem(MEMORY));
      },
    };
  } catch {
    return undefined;
  }
}

/** `undefined` where storage is full or forbidden, so that even to read `localStorage` throws. */
function inStorage<T>(use: (storage: Storage) => T): T | undefined {
  try {
    return use(localStorage);
  } catch {
    return undefined;
  }
}

/** Not `serviceWorker.ready`: it never resolves on a page outside of the scope. */
function activated(registration: ServiceWorkerRegistration): Promise<Registration> {
  const worker = registration.installing ?? registration.waiting;
  if (registration.active !== null || worker === null) return Promise.resolve(registration);
  return new Promise((resolve, reject) => {
    worker.addEventListener("statechange", () => {
      if (worker.state === "activated") resolve(registration);
      else if (worker.state === "redundant") reject(new Error("The service worker could not be installed."));
    });
  });
}
