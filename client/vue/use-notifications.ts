import { type ComputedRef, computed } from "vue";
import { olderNotifications } from "../bindings/older-pages.ts";
import { all, inboxSource } from "../bindings/parts.ts";
import type { ConnectionState, Inbox, Notification, NotificationEvent } from "../index.ts";
import { type OlderPart, usePages } from "./parts.ts";
import { useClient } from "./rooms-client.ts";
import { useSource, whileActive } from "./use-source.ts";

export interface NotificationsOptions {
  /** Called for each notification that is new, while this component is shown. */
  readonly onNew?: (notification: NotificationEvent) => void;
}

export interface NotificationsPart extends OlderPart, Pick<Inbox, "mark"> {
  readonly state: ComputedRef<ConnectionState>;
  /** Newest first, without what is archived. */
  readonly notifications: ComputedRef<readonly Notification[]>;
  /** All that are neither read nor archived. */
  readonly unread: ComputedRef<number>;
}

/**
 * The notifications of this user, on all devices, and how many are unread. Opens the inbox. Needs a user.
 *
 * @example
 * const { notifications, unread, mark } = useNotifications({ onNew: ({ title }) => toast(title) });
 */
export function useNotifications({ onNew }: NotificationsOptions = {}): NotificationsPart {
  const source = inboxSource(useClient());
  const { inbox } = source;
  const snapshot = useSource(() => source, all);
  if (onNew !== undefined)
    whileActive(
      () => inbox,
      () => inbox.on("notification", (notification) => onNew(notification)),
    );
  return {
    state: computed(() => snapshot.value.state),
    notifications: computed(() => snapshot.value.notifications),
    unread: computed(() => snapshot.value.unread),
    mark: inbox.mark,
    ...usePages(() => olderNotifications(inbox)),
  };
}
