// What a push shows, and where a click on it leads. Pushes are declarative: a browser that supports this shows the same
// without the service worker. Nothing here needs a browser, so unit tests can call it.

export interface Notice {
  readonly title: string;
  readonly options: {
    readonly body: string;
    /** A notification with the same tag replaces it, without another sound. */
    readonly tag?: string;
    readonly requireInteraction: boolean;
    readonly silent: boolean;
    /** Where a click leads. Its name tells it from the notifications of an app that imports this. */
    readonly data: { readonly edgeRoomsLink: string };
  };
  /** The number on the badge of the app. */
  readonly unread?: number;
}

/** A browser requires a notification for each push, also for one that cannot be read. */
export function noticeOf(text: string | undefined): Notice {
  const { notification } = recordOf(parse(text));
  const {
    title,
    body,
    navigate,
    tag,
    silent,
    requireInteraction,
    app_badge: badge,
    data,
  } = recordOf(notification);
  const link = textOf(recordOf(data).link) ?? textOf(navigate) ?? "./";
  const name = textOf(tag);
  const unread = textOf(badge)?.match(/^\d{1,15}$/)?.[0];
  return {
    title: textOf(title) || "New notification",
    options: {
      body: textOf(body) ?? "",
      ...(name !== undefined && { tag: name }),
      requireInteraction: requireInteraction === true,
      silent: silent === true,
      data: { edgeRoomsLink: link },
    },
    ...(unread !== undefined && { unread: Number(unread) }),
  };
}

/** The address that a click opens: `link` if it has the origin of the page or is https, else the page itself. */
export function clickTarget(link: unknown, page: string): string {
  try {
    const url = new URL(String(link), page);
    const isSafe = url.origin === new URL(page).origin || url.protocol === "https:";
    return typeof link === "string" && isSafe ? url.href : page;
  } catch {
    return page;
  }
}

const recordOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null ? { ...value } : {};

const textOf = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);

function parse(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? "");
  } catch {
    return undefined;
  }
}
