/** What pushes need of a browser. Tests pass their own. */
export interface PushBrowser {
  permission(): NotificationPermission;
  askPermission(): Promise<NotificationPermission>;
  /** The service worker that was registered before, if any. */
  registration(script: string): Promise<Registration | undefined>;
  /** Registers it; settles when it is at work. `key` goes along, for when it has to subscribe anew. */
  register(script: string, key: string): Promise<Registration>;
  onMessage(fn: (message: unknown) => void): void;
  remembered(): unknown;
  remember(value: object): void;
  forget(): void;
}

export type Registration = Pick<ServiceWorkerRegistration, "pushManager">;

const MEMORY = "edge-rooms.push";

/** `undefined`: it knows no pushes, or not on a page without TLS. */
export function thisBrowser(): PushBrowser | undefined {
  const { navigator, Notification, PushManager, localStorage } = globalThis;
  if (navigator?.serviceWorker === undefined || Notification === undefined || PushManager === undefined)
    return undefined;
  const { serviceWorker } = navigator;
  /** Of this visit at least, where nothing may be stored. */
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
        // Storage is full or forbidden: next time the browser subscribes anew.
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

/** `serviceWorker.ready` would wait for ever on a page outside of its scope. */
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
