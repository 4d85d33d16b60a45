// What a push shows, and where a click on it leads. Pure, so that it can be tested without a browser.

export interface Notice {
  readonly title: string;
  readonly options: {
    readonly body: string;
    /** One with the same tag takes its place, without another sound. */
    readonly tag?: string;
    readonly requireInteraction: boolean;
    readonly silent: boolean;
    readonly data: { readonly link?: string };
  };
}

/** A browser wants something shown for each push, also for one that cannot be read. */
export function noticeOf(text: string | undefined): Notice {
  const { title, message, id, link, priority } = fieldsOf(text);
  return {
    title: title || "New notification",
    options: {
      body: message ?? "",
      ...(id !== undefined && { tag: id }),
      requireInteraction: priority === "urgent",
      silent: priority === "low",
      data: link === undefined ? {} : { link },
    },
  };
}

/** Of the same origin, or over https; anything else leads to the page itself. */
export function targetOf(link: unknown, page: string): string {
  if (typeof link !== "string" || !URL.canParse(link, page)) return page;
  const url = new URL(link, page);
  return url.origin === new URL(page).origin || url.protocol === "https:" ? url.href : page;
}

function fieldsOf(text: string | undefined): Readonly<Record<string, string | undefined>> {
  const value = parse(text);
  if (typeof value !== "object" || value === null) return {};
  return Object.fromEntries(Object.entries(value).filter(([, field]) => typeof field === "string"));
}

function parse(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? "");
  } catch {
    return undefined;
  }
}
