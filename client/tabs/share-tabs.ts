import type { TabSharing } from "../core/client-context.ts";
import { sharingOver } from "./sharing-over.ts";
import { systemTabPorts } from "./system-tab-ports.ts";

/**
 * The tabs of one user share their connections: one tab holds them for all, and another one goes on within a second when
 * that is closed or stands still. Ten tabs in a room are one connection, which has the status of the tab in use; a tab
 * that nobody looks at marks nothing as read until somebody does. To rooms and the inbox of each tab nothing else changes.
 * Tabs share whose tokens are of one user and permit the same rooms. `getToken` of each is asked before its token runs out,
 * and when somebody comes back to the tab; with the token of another user the tab leaves the former one's connection. A tab
 * whose tokens the server refuses ends alone. Where the browser has no Web Locks or no BroadcastChannel, and for a token
 * whose claims cannot be read, each tab has connections of its own. Offline, tabs wait together for the next try.
 *
 * @example
 * const client = createClient({ url: "", getToken: async () => (await fetch("/token")).text(), tabs: shareTabs() });
 */
export const shareTabs = (): TabSharing => sharingOver(systemTabPorts);
