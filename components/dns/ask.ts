import { scriptText } from "../remote/shell.ts";

/** Functions by which steps ask DNS servers; see scripts/ask.sh. */
export const askScript = scriptText(import.meta.url, "ask.sh");
