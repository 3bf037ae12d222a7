import { scriptText } from "../remote/shell.ts";

/** What steps ask of Argo CD about its Applications; behind the functions of every step. */
export const refreshScript = scriptText(import.meta.url, "refresh.sh");
