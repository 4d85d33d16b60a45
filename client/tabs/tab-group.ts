import { type ConnectionEnd, lost, tokenEnd } from "../connection/transport/connection-end.ts";
import type { Token } from "../connection/transport/token-answer.ts";
import type { ClientContext } from "../core/client-context.ts";
import { offline, type RoomsError } from "../util/errors.ts";
import { Listeners } from "../util/listeners.ts";
import type { Cancel } from "../util/ports.ts";
import type { Connected } from "../util/wire.ts";
import { TabMembership } from "./tab-membership.ts";
import { TAB_PROTOCOL, type TabCall, type TabNews } from "./tab-message.ts";
import type { TabPorts } from "./tab-ports.ts";
import { claimsIn, placesOf, roomsIn } from "./token-claims.ts";

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
      /** Tabs with which it shares. */
      readonly whose: string;
      /** The latest one. */
      readonly token: Token;
      readonly before: string | null | undefined;
      readonly cancelWatch: Cancel;
    }
  /** The server takes no token of this client: each log ends with it, until the app connects again. */
  | { readonly name: "refused"; readonly error: RoomsError }
  /** This client has connections of its own. */
  | { readonly name: "impossible" };

/**
 * One client among the tabs of its user. Who that is, its token says; the greeting of the server is held against it. The
 * token is asked for again when somebody comes back to the tab, when the app reconnects, and before it runs out: with that
 * of another user the client leaves.
 */
export class TabGroup {
  readonly #context: ClientContext;
  readonly #ports: TabPorts;
  readonly #transports = new Set<WeakRef<GroupMember>>();
  readonly #changes = new Listeners<void>();
  readonly #cancels: readonly Cancel[];
  #stage: Stage = { name: "out" };
  /** There was no token at the last try. */
  #failure: ConnectionEnd | undefined;
  #cancelExpiry: Cancel = () => {};
  /** It slept, and has not looked for another user since. */
  #isBack = false;

  constructor(context: ClientContext, ports: TabPorts) {
    this.#context = context;
    this.#ports = ports;
    this.#cancels = [
      ports.onSleep(() => this.#sleep()),
      ports.onAwake(() => this.#wake()),
      ports.onUse(() => {
        if (ports.isVisible()) this.look();
      }),
    ];
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
    const stage = this.#stage;
    if (this.#failure !== undefined || stage.name === "refused") return true;
    return stage.name === "in" && stage.membership.hasHolder;
  }

  /** Why there is no token that counts. The next try asks for one, unless the server has refused all of them. */
  takeFailure(): ConnectionEnd | undefined {
    if (this.#stage.name === "refused") return { ...lost(this.#stage.error), next: "stop" };
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

  /** The app connects again. */
  restart(): void {
    if (this.#stage.name === "refused") this.#to({ name: "out" });
  }

  /** Asks for the present token: the app may have another user by now. */
  look(): void {
    if (this.#stage.name !== "in") return;
    const { membership } = this.#stage;
    // Many apps sign a token for each call: one that says the same is not sent on every connection.
    const isNews = (token: Token) => this.#context.users.user === undefined || !this.#saysTheSame(token);
    this.#context.tokens.renew(isNews).then(
      (token) => {
        if (this.#stage.name === "in" && this.#stage.membership === membership) this.#onToken(token);
      },
      // The one that there is stays in force until it runs out.
      () => {},
    );
  }

  /** A greeting, and where the token of the holder names its user. Returns why the connection must end, if so. */
  admit({ user, at }: Connected, places: string | undefined): ConnectionEnd | undefined {
    const { serverTime, tokens, users } = this.#context;
    const token = this.#stage.name === "in" ? this.#stage.token : null;
    const id = user?.id ?? null;
    const own = namedIn(token, id);
    const isOwn = id === null ? token === null : own !== NOWHERE && own === places;
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
    this.#untilExpiry(token);
    return undefined;
  }

  /** Another token, perhaps that of another user, or of one who may do something else. */
  #onToken(token: Token): void {
    const stage = this.#stage;
    if (stage.name !== "in" || stage.token === token) return;
    if (!this.#saysTheSame(token)) this.#leave("handOver", { name: "out" });
    else {
      this.#stage = { ...stage, token };
      this.#untilExpiry(token);
    }
  }

  /** Whether a token is of the same user, who may do the same. */
  #saysTheSame(token: Token): boolean {
    const stage = this.#stage;
    const { user } = this.#context.users;
    if (stage.name !== "in" || this.#whose(token) !== stage.whose) return false;
    return user === undefined || namedIn(token, user) === namedIn(stage.token, user);
  }

  /** No server ends what a tab does with a token that ran out, as only that of the holder is in force. */
  #untilExpiry(token: Token): void {
    const { ports, tokens, serverTime } = this.#context;
    const expiry = claimsIn(token)?.exp;
    if (typeof expiry !== "number") return;
    const lifeMs = Math.floor(expiry * 1_000 - serverTime.now());
    tokens.accepted(token, lifeMs);
    this.#cancelExpiry();
    this.#cancelExpiry = ports.clock.after(lifeMs, () => {
      // The timers of a browser end within 25 days.
      if (serverTime.now() + 1 < expiry * 1_000) this.#untilExpiry(token);
      else {
        tokens.refused(token, 0);
        this.#leave("handOver", { name: "out" });
      }
    });
  }

  /** Undefined where the claims cannot be read. */
  #whose(token: Token): string | undefined {
    const claims = claimsIn(token);
    if (token !== null && claims === undefined) return undefined;
    const subject = claims === undefined ? null : String(claims.sub ?? "");
    return JSON.stringify([TAB_PROTOCOL, this.#context.base, subject, roomsIn(claims)]);
  }

  async #enter(): Promise<void> {
    let token: Token;
    try {
      token = await this.#context.tokens.get();
    } catch (cause) {
      if (this.#stage.name !== "entering") return;
      this.#to({ name: "out" });
      this.#failure = tokenEnd(cause);
      this.#changes.call();
      return;
    }
    try {
      const whose = this.#whose(token);
      if (whose === undefined) throw new Error("the token cannot be read");
      const name = `edge-rooms ${await this.#ports.digest(whose)}`;
      if (this.#stage.name !== "entering") return;
      const membership = this.#membership(name);
      const cancelWatch = this.#context.tokens.watch((next) => this.#onToken(next));
      const before = this.#context.users.user;
      this.#to({ name: "in", membership, whose, token, before, cancelWatch });
      if (this.#isBack) this.look();
      this.#isBack = false;
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
        placesOf: (user) => namedIn(this.#stage.name === "in" ? this.#stage.token : null, user),
        onImpossible: () => this.#giveUp("tabs cannot share their connections here: no locks"),
        onTokenRefused: (error) => {
          // Without a token it may be another log that needs one.
          if (this.#stage.name !== "in" || this.#stage.token === null) return false;
          this.#leave("handOver", { name: "refused", error });
          return true;
        },
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
    if (this.#stage.name === "in" || this.#stage.name === "entering" || this.#stage.name === "out")
      this.#leave("handOver", { name: "asleep" });
  }

  #wake(): void {
    if (this.#stage.name !== "asleep") return;
    this.#isBack = true;
    this.#to({ name: "out" });
    this.enter();
  }

  #leave(how: "leave" | "handOver", next: Stage): void {
    const stage = this.#stage;
    this.#stage = next;
    this.#cancelExpiry();
    if (stage.name === "in") {
      stage.cancelWatch();
      stage.membership.end(how);
    }
    for (const transport of this.#alive()) transport.onHolder();
    if (next.name === "out") this.enter();
    this.#changes.call();
  }

  #to(stage: Stage): void {
    this.#stage = stage;
  }
}

const NOWHERE = "[]";

/** Where a token has the id of this user. */
const namedIn = (token: Token, user: string | null): string =>
  user === null ? NOWHERE : JSON.stringify(placesOf(user, claimsIn(token)));
