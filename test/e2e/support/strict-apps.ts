// Apps in TypeScript that use everything of a binding, as strict as a compiler can be.

import { svelte } from "@sveltejs/vite-plugin-svelte";
import vue from "@vitejs/plugin-vue";
import type { PluginOption } from "vite";

export interface StrictApp {
  readonly name: "react" | "vue" | "svelte" | "ai";
  /** What the app installs beside `edge-rooms`. */
  readonly modules: readonly string[];
  /** What it asks of the compiler less strictly. */
  readonly compilerOptions?: object;
  /** Without one, Vite needs none. */
  readonly plugin?: PluginOption;
  /** Its files; the first is the entry. Components of Vue and Svelte are checked by tools of their own, which are not here. */
  readonly files: Readonly<Record<string, string>>;
}

const CLIENT = `
import { createClient } from "edge-rooms";
export const client = createClient({ url: "https://rooms.example.com", getToken: async () => "a token" });
`;

const REACT = `
import { QueryClient } from "@tanstack/query-core";
import { inboxOf, peekShared, type RoomHandle } from "edge-rooms";
import {
  EdgeRooms, type MessagesPart, useClient, useConnection, useMembers, useMessages, useNotifications, useRoom,
  useRoomEvent, useSend, useSnapshot, useTyping, useUnread,
} from "edge-rooms/react";
import { invalidateOn } from "edge-rooms/tanstack-query";
import { type ReactElement, StrictMode, useEffect } from "react";
import { createRoot } from "react-dom/client";
import { client } from "./client.js";
const queries = new QueryClient();
function List({ room }: { readonly room: RoomHandle }): ReactElement {
  const { messages, hasOlder, isLoadingOlder, olderError, loadOlder }: MessagesPart = useMessages(room);
  const { send, pending, failed, retry, discard } = useSend(room);
  const { members, occupancy } = useMembers(room);
  const { typing, startTyping, stopTyping } = useTyping(room);
  const away: readonly string[] = useSnapshot(room, (s) => s.members.filter((m) => m.status === "away").map((m) => m.id));
  useRoomEvent(room, "task", (event, { replay }) => console.info(event.data, replay), { own: false });
  useEffect(() => invalidateOn(room, { task: ["tasks"] }, queries), [room]);
  return (
    <main title={[useConnection(room).status, useConnection().status, useUnread(room), ...away].join()}>
      <button disabled={isLoadingOlder} onClick={() => void loadOlder(20)}>{String(hasOlder)} {olderError?.code}</button>
      <ol>{messages.map((m) => <li key={m.id}>{m.from?.name} {JSON.stringify(m.data)} {m.pending ? "…" : m.seq}</li>)}</ol>
      {failed.map(({ id, error }) => <i key={id} onClick={() => void retry(id)} onBlur={() => discard(id)}>{error?.code}</i>)}
      <input onChange={startTyping} onBlur={stopTyping} placeholder={typing.map((user) => user.name ?? user.id).join()} />
      <button onClick={() => void send({ text: "Hello" }, { mentions: ["usr_2"] })}>{pending.length}</button>
      {members.length} {occupancy.members}
    </main>
  );
}
function Chat({ name }: { readonly name: string }): ReactElement {
  const room = useRoom(name, { history: 20, releaseAfterMs: 0, peek: peekShared });
  const { notifications, unread, mark } = useNotifications({ onNew: ({ title }) => console.info(title) });
  useEffect(() => inboxOf(client).on("state", () => {}), []);
  return <><List room={room} /><b onClick={() => void mark({ all: true }, "read")}>{unread} {notifications.length} {useClient().state.status}</b></>;
}
createRoot(document.body).render(<StrictMode><EdgeRooms client={client}><Chat name="lobby" /></EdgeRooms></StrictMode>);
`;

/** What Vue and Svelte call alike, in a file that the compiler checks. */
const VUE = `
import { type MaybeRoom, useConnection, useMembers, useMessages, useNotifications, useRoom, useRoomEvent, useSend, useSnapshot, useTyping, useUnread } from "edge-rooms/vue";
import type { RoomHandle } from "edge-rooms";
import { type ComputedRef, computed, type Ref } from "vue";
export function useChat(name: () => string) {
  const room: Readonly<Ref<RoomHandle>> = useRoom(name, { history: 20, releaseAfterMs: 0 });
  const either: MaybeRoom = room;
  const { messages, hasOlder, loadOlder } = useMessages(either);
  const { send, pending, failed, retry } = useSend(room);
  const { members, occupancy } = useMembers(() => room.value);
  const { typing, startTyping } = useTyping(room);
  const away: ComputedRef<string[]> = useSnapshot(room, (s) => s.members.filter((m) => m.status === "away").map((m) => m.id));
  useRoomEvent(room, "task", (event, { replay }) => console.info(event.data, replay), { own: false });
  const { notifications, unread, mark } = useNotifications({ onNew: ({ title }) => console.info(title) });
  const head = computed(() => [useUnread, occupancy.value.members, members.value.length, away.value.length].length);
  return {
    messages, hasOlder, loadOlder, send, pending, failed, retry, typing, startTyping, notifications, unread, mark, head,
    status: useConnection(room), best: useConnection(),
  };
}
`;

const VUE_COMPONENT = `
<script setup lang="ts">
import { useChat } from "./use-chat.ts";
const props = defineProps<{ name: string }>();
const { messages, send, status, startTyping, hasOlder, loadOlder, failed, retry } = useChat(() => props.name);
const say = (text: string): void => void send({ text });
</script>
<template>
  <p :title="status.status">{{ hasOlder }}</p>
  <button @click="loadOlder()">Older</button>
  <li v-for="message in messages" :key="message.id">{{ message.from?.name }} {{ message.data }}</li>
  <i v-for="{ id, error } in failed" :key="id" @click="retry(id)">{{ error?.code }}</i>
  <input @input="startTyping" @change="say('Hello')" />
</template>
`;

const SVELTE = `
import { type Current, type MaybeRoom, useConnection, useMembers, useMessages, useNotifications, useRoom, useRoomEvent, useSend, useSnapshot, useTyping, useUnread } from "edge-rooms/svelte";
import type { RoomHandle } from "edge-rooms";
export function useChat(name: () => string) {
  const room: Current<RoomHandle> = useRoom(name, { history: 20, releaseAfterMs: 0 });
  const either: MaybeRoom = () => room.current;
  const away: Current<string[]> = useSnapshot(room, (s) => s.members.filter((m) => m.status === "away").map((m) => m.id));
  useRoomEvent(room, "task", (event, { replay }) => console.info(event.data, replay), { own: false });
  return {
    away, chat: useMessages(either), outbox: useSend(room), people: useMembers(room), typists: useTyping(room),
    unread: useUnread(room), own: useConnection(room), best: useConnection(),
    inbox: useNotifications({ onNew: ({ title }) => console.info(title) }),
  };
}
`;

const SVELTE_COMPONENT = `
<script lang="ts">
import { provideRooms } from "edge-rooms/svelte";
import { client } from "./client.js";
import Chat from "./Chat.svelte";
const { name = "lobby" }: { name?: string } = $props();
provideRooms(client);
</script>
<Chat {name} />
`;

const SVELTE_CHAT = `
<script lang="ts">
import { useChat } from "./use-chat.js";
const { name }: { name: string } = $props();
const { chat, outbox, own, typists } = useChat(() => name);
const say = (text: string): void => void outbox.send({ text });
</script>
<p title={own.current.status}>{chat.hasOlder} {typists.typing.length}</p>
<button onclick={() => chat.loadOlder()}>Older</button>
{#each chat.messages as message (message.id)}<li>{message.from?.name} {JSON.stringify(message.data)}</li>{/each}
{#each outbox.failed as { id, error } (id)}<button onclick={() => outbox.retry(id)}>{error?.code}</button>{/each}
<input oninput={typists.startTyping} onchange={() => say("Hello")} />
`;

const EVENTS = `
import type { ChatData } from "edge-rooms";
declare module "edge-rooms" {
  interface Register { readonly events: { chat: ChatData; "task.created": { readonly title: string } } }
}
`;

const AI = `
import { Chat } from "@ai-sdk/react";
import type { Message } from "edge-rooms";
import { ChunkReader, type Question, RoomChatTransport, roomMessageOf, toStreamLines, toUIMessages } from "edge-rooms/ai";
import { createServerApi } from "edge-rooms/server";
import { client } from "./client.js";
import "./events.js";
const room = client.room("lobby");
const ask = async ({ seq, messages }: Question): Promise<number> => seq + messages.length;
const transport = new RoomChatTransport({ room, ask, roleOf: ({ byServer }) => (byServer ? "assistant" : "user") });
const chat = new Chat({ transport, messages: await toUIMessages(room.messages) });
await chat.resumeStream();
await transport.stopAnswer();
export const name: string | undefined = roomMessageOf(room, "1")?.from?.name;
declare const chunks: ReadableStream<{ readonly type: string }>;
const onServer = createServerApi({ url: "", apiKey: "" }).room("lobby");
await onServer.stream((stop) => (stop.aborted ? [] : toStreamLines(chunks)), { replyTo: 1 });
export const shown = await toUIMessages((await onServer.messages()).messages);
export const typesIn = (message: Message): readonly string[] => [...new ChunkReader("1").read(message)].map(({ type }) => type);
`;

export const STRICT_APPS: readonly StrictApp[] = [
  {
    name: "react",
    modules: ["react", "react-dom", "@types/react", "@types/react-dom", "@tanstack/query-core"],
    files: { "main.tsx": REACT, "client.ts": CLIENT },
  },
  {
    name: "vue",
    modules: ["vue"],
    plugin: vue(),
    files: {
      "main.ts": `
import { edgeRooms } from "edge-rooms/vue";
import { createApp } from "vue";
import Chat from "./Chat.vue";
import { client } from "./client.js";
createApp(Chat, { name: "lobby" }).use(edgeRooms, client).mount("#app");
`,
      "use-chat.ts": VUE,
      "Chat.vue": VUE_COMPONENT,
      "client.ts": CLIENT,
      "vue.d.ts": `declare module "*.vue" { const component: import("vue").DefineComponent<{ name: string }>; export default component; }`,
    },
  },
  {
    name: "svelte",
    modules: ["svelte"],
    plugin: svelte({ configFile: false }),
    files: {
      "main.ts": `
import { mount } from "svelte";
import App from "./App.svelte";
mount(App, { target: document.body });
`,
      "use-chat.ts": SVELTE,
      "App.svelte": SVELTE_COMPONENT,
      "Chat.svelte": SVELTE_CHAT,
      "client.ts": CLIENT,
    },
  },
  {
    name: "ai",
    modules: ["ai", "@ai-sdk/react", "zod", "react", "@types/react"],
    // The declarations of the AI SDK are less strict than this.
    compilerOptions: { skipLibCheck: true },
    files: { "main.ts": AI, "events.ts": EVENTS, "client.ts": CLIENT },
  },
];
