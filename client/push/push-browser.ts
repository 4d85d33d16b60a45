/** What pushes need of a browser. Tests have their own. */
export interface PushBrowser {
  permission(): NotificationPermission;
  askPermission(): Promise<NotificationPermission>;
  /** The registration of the service worker, if there is one. */
  registration(script: string): Promise<Registration | undefined>;
  /** Resolves when the service worker is active. It gets `key`, as it may have to subscribe again by itself. */
  register(script: string, key: string): Promise<Registration>;
  onMessage(fn: (message: unknown) => void): void;
  remembered(): unknown;
  remember(value: object): void;
  forget(): void;
}

export type Registration = Pick<ServiceWorkerRegistration, "pushManager">;

const MEMORY = "edge-rooms.push";

/** `undefined` where the browser has no pushes, or not on a page without TLS. */
export function thisBrowser(): PushBrowser | undefined {
  const { navigator, Notification, PushManager, localStorage } = globalThis;
  if (navigator?.serviceWorker === undefined || Notification === undefined || PushManager === undefined)
    return undefined;
  const { serviceWorker } = navigator;
  /** Where nothing may be stored, it is remembered for this visit at least. */
  let memory: object | undefined;
  return {
    permission: () => Notification.permission,
    askPermission: () => Notification.requestPermission(),
    registration: async (script) => {
      const { pathname } = new URL(script, location.href);
      const registrations = await serviceWorker.getRegistrations();
      return registrations.find(({ active, waiting, installing }) => {
        const url = (active ?? waiting ?? installing)?.scriptURL;
        return url !== undefined && new URL(url).pathname === pathname;
      });
    },
    register: async (script, key) => {
      const url = new URL(script, location.href);
      url.searchParams.set("key", key);
      const registration = await serviceWorker.register(url);
      await activeIn(registration);
      return registration;
    },
    onMessage: (fn) => serviceWorker.addEventListener("message", ({ data }) => fn(data)),
    remembered() {
      try {
        return JSON.parse(localStorage.getItem(MEMORY) ?? "null") ?? memory;
      } catch {
        return memory;
      }
    },
    remember(value) {
      memory = value;
      try {
        localStorage.setItem(MEMORY, JSON.stringify(value));
      } catch {
        // Storage is full or forbidden: at the next visit the browser subscribes again.
      }
    },
    forget() {
      memory = undefined;
      try {
        localStorage.removeItem(MEMORY);
      } catch {
        // As above.
      }
    },
  };
}

/** Not `serviceWorker.ready`: it never resolves on a page outside of the scope. */
function activeIn(registration: ServiceWorkerRegistration): Promise<void> {
  const worker = registration.installing ?? registration.waiting;
  if (registration.active !== null || worker === null) return Promise.resolve();
  return new Promise((resolve, reject) => {
    worker.addEventListener("statechange", () => {
      if (worker.state === "activated") resolve();
      else if (worker.state === "redundant") reject(new Error("The service worker could not be installed."));
    });
  });
}
