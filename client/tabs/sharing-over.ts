import type { ClientContext, TabSharing } from "../core/client-context.ts";
import { TabGroup } from "./tab-group.ts";
import type { TabPorts } from "./tab-ports.ts";
import { TabTransport } from "./tab-transport.ts";

/** As `shareTabs`, on a platform of one's own. */
export function sharingOver(ports: TabPorts): TabSharing {
  const groups = new WeakMap<ClientContext, TabGroup>();
  return (context, kind, name, own) => {
    const known = groups.get(context);
    const group = known ?? new TabGroup(context, ports);
    groups.set(context, group);
    return new TabTransport(group, kind, name, own);
  };
}
