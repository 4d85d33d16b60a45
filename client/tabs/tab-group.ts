import { type ConnectionEnd, lost } from "../connection/transport/connection-end.ts";
import type { Token } from "../connection/transport/token-answer.ts";
import type { ClientContext } from "../core/client-context.ts";
import { offline } from "../util/errors.ts";
import { Listeners } from "../util/listeners.ts";
import type { Cancel } from "../util/ports.ts";
import type { Connected } from "../util/wire.ts";
import { TabMembership } from "./tab-membership.ts";
import { TAB_PROTOCOL, type TabCall, type TabNews } from "./tab-message.ts";
import type { TabPorts } from "./tab-ports.ts";
import { claimsIn, mayBeOf } from "./token-claims.ts";

/** A log of this client. */
export interface GroupMember {
  /** Another tab holds the connections from now on. */
  onHolder(): void;
  onNews(news: TabNews): void;
}

type Stage =
  | { readonly name: "out" | "entering" | "asleep" | "closed" }
  /** `before`: who was greeted last when this client came in. */
  | {
      readonly name: "in";
      readonly membership: TabMembership;
      readonly token: Token;
      readonly before: string | null | undefined;
    }
  /** This client has connections of its own. */
  | { readonly name: "impossible" };

/** One client among the tabs of its user. Who that is, its token says; the greeting of the server is held against it. */
export class TabGroup {
  readonly #context: ClientContext;
  readonly #ports: TabPorts;
  readonly #transports = new Set<WeakRef<GroupMember>>();
  readonly #changes = new Listeners<void>();
  readonly #cancels: readonly Cancel[];
  #stage: Stage = { name: "out" };
  /** Why there was no token at the last try. */
  #failure: { readonly cause: unknown } | undefined;

  constructor(context: ClientContext, ports: TabPorts) {
    this.#context = context;
    this.#ports = ports;
    this.#cancels = [ports.onSleep(() => this.#sleep()), ports.onAwake(() => this.#wake())];
    context.closed.addEventListener("abort", () => {
      for (const cancel of this.#cancels) cancel();
      this.#leave("leave", { name: "closed" });
    });
  }

  get isImpossible(): boolean {
    return this.#stage.name === "impossible";
  }

  /** Somebody holds the connections, or a link must say why there is no token. */
  get isIn(): boolean {
    return this.#failure !== undefined || (this.#stage.name === "in" && this.#stage.membership.hasHolder);
  }

  /** Why there is no token. The next try asks for one again. */
  takeFailure(): { readonly cause: unknown } | undefined {
    const failure = this.#failure;
    this.#failure = undefined;
    return failure;
  }

  newId(): string {
    return this.#context.ports.newId();
  }

  add(transport: GroupMember): void {
    for (const known of this.#transports) if (known.deref() === undefined) this.#transports.delete(known);
    this.#transports.add(new WeakRef(transport));
  }

  /** Calls `fn` after anything that a transport may wait for. */
  watch(fn: () => void): Cancel {
    return this.#changes.add(fn);
  }

  call(call: TabCall): void {
    if (this.#stage.name === "in") this.#stage.membership.call(call);
  }

  enter(): void {
    if (this.#stage.name !== "out") return;
    this.#stage = { name: "entering" };
    void this.#enter();
  }

  /** A greeting. Returns why the connection must end, if so. */
  admit({ user, at }: Connected): ConnectionEnd | undefined {
    const { serverTime, tokens, users } = this.#context;
    const token = this.#stage.name === "in" ? this.#stage.token : null;
    const id = user?.id ?? null;
    const claims = claimsIn(token);
    const isOwn = id === null ? token === null : mayBeOf(claims, id);
    if (!isOwn) {
      this.#context.log("warn", "another tab has connections of another user: this one has its own");
      this.#leave("handOver", { name: "impossible" });
      return { ...lost(offline("Another tab is that of another user.")), next: "again" };
    }
    if (this.#stage.name === "in" && users.user !== id && users.user !== this.#stage.before) {
      // Another connection was greeted as a new user, and this one is still that of the former one.
      this.#leave("handOver", { name: "out" });
      return { ...lost(offline("The user has changed.")), next: "again" };
    }
    const changed = users.admit(id);
    if (changed !== undefined) {
      tokens.refused(token, 0);
      this.#leave("handOver", { name: "out" });
      return { next: "stop", error: changed, retryAfterMs: 0 };
    }
    serverTime.learn(at);
    // Only the token of the holder is renewed; one that has run out would cost a take-over a second.
    if (typeof claims?.exp === "number") tokens.accepted(token, claims.exp * 1_000 - at);
    return undefined;
  }

  async #enter(): Promise<void> {
    let token: Token;
    try {
      token = await this.#context.tokens.get();
    } catch (cause) {
      if (this.#stage.name !== "entering") return;
      this.#to({ name: "out" });
      this.#failure = { cause };
      this.#changes.call();
      return;
    }
    try {
      const claims = claimsIn(token);
      if (token !== null && claims === undefined) throw new Error("the token cannot be read");
      const subject = claims === undefined ? null : String(claims.sub ?? "");
      const whose = JSON.stringify([TAB_PROTOCOL, this.#context.base, subject]);
      const name = `edge-rooms ${await this.#ports.digest(whose)}`;
      if (this.#stage.name !== "entering") return;
      const membership = this.#membership(name);
      this.#to({ name: "in", membership, token, before: this.#context.users.user });
    } catch (cause) {
      this.#giveUp(`tabs cannot share their connections here: ${String(cause)}`);
    }
  }

  #membership(name: string): TabMembership {
    return new TabMembership(
      this.#context,
      this.#ports,
      // The lock of a former name may still be held by one that waits for its end, and stands still.
      { name, tab: this.newId() },
      {
        onHolder: () => {
          for (const transport of this.#alive()) transport.onHolder();
          this.#changes.call();
        },
        onNews: (news) => this.#onNews(news),
        onImpossible: () => this.#giveUp("tabs cannot share their connections here: no locks"),
        onUserChanged: () => {
          // Each log ends where it finds another user; or all of them go on among the tabs of that one.
          if (this.#context.users.startsOver) this.#leave("handOver", { name: "out" });
          else this.#giveUp("the user has changed");
        },
      },
    );
  }

  #onNews(all: readonly TabNews[]): void {
    // What is still on its way to a client that has left.
    if (this.#stage.name !== "in") return;
    for (const news of all) for (const transport of this.#alive()) transport.onNews(news);
    this.#changes.call();
  }

  #alive(): readonly GroupMember[] {
    return [...this.#transports].flatMap((known) => known.deref() ?? []);
  }

  /** For good: each log has a connection of its own. */
  #giveUp(why: string): void {
    this.#context.log("debug", why);
    this.#leave("handOver", { name: "impossible" });
  }

  #sleep(): void {
    if (this.#stage.name !== "impossible" && this.#stage.name !== "closed")
      this.#leave("handOver", { name: "asleep" });
  }

  #wake(): void {
    if (this.#stage.name !== "asleep") return;
    this.#to({ name: "out" });
    this.enter();
  }

  #leave(how: "leave" | "handOver", next: Stage): void {
    const stage = this.#stage;
    this.#stage = next;
    if (stage.name === "in") stage.membership.end(how);
    for (const transport of this.#alive()) transport.onHolder();
    if (next.name === "out") this.enter();
    this.#changes.call();
  }

  #to(stage: Stage): void {
    this.#stage = stage;
  }
}
