// The client as the build puts it beside the page: here only its types.
export * from "../client/index.ts";
