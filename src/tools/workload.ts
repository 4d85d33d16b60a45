/** What `npm run cost` computes a month of. */
export interface Workload {
  readonly rooms: number;
  /** Users connected at once, in each room. No user is in two rooms. */
  readonly members: number;
  readonly connectionsPerMember: number;
  readonly hoursConnectedPerDay: number;
  /** How often each connection of a member connects. */
  readonly joinsPerMemberPerDay: number;
  /** In each room, over sockets, one a frame. */
  readonly messagesPerDay: number;
  readonly messageBytes: number;
  /** Of messages, those with `expiresInSeconds`, and those that go for their age before newer ones retire them. */
  readonly expiringPercent: number;
  readonly agedPercent: number;
  /** In each room, each scheduled over HTTP. */
  readonly scheduledPerDay: number;
  /** Those who read each room without a connection, while members are there. */
  readonly watchers: number;
  /** Between two calls of a watcher, in seconds. */
  readonly watchSeconds: number;
  /** Signals such as typing, for each message. */
  readonly signalsPerMessage: number;
  /** How often a member reports how far they have read, each more than 5 s after the last report. */
  readonly readsPerMemberPerDay: number;
  /** To each user: each is a call of its own, and is marked as read. */
  readonly notificationsPerDay: number;
  /** A client renews its token this often, on the live socket. */
  readonly tokenMinutes: number;
  /** How long the deployer's back end takes to answer a webhook; 0: none are sent. */
  readonly webhookMs: number;
  /** `HISTORY_LIMIT`. */
  readonly historyLimit: number;
  /** Assumption: milliseconds that an object works for one event, until its writes are confirmed. */
  readonly activeMs: number;
  /** How long the deployer's back end takes to judge a message before it is stored, in milliseconds; 0: it is not asked. */
  readonly judgeMs: number;
}
