import { scriptText, stepScript } from "../remote/shell.ts";

/** Scripts that run on machines, each whole: its functions, then its call. */
export const tailnetScripts = {
  join: stepScript + scriptText(import.meta.url, "join.sh"),
  depart: stepScript + scriptText(import.meta.url, "depart.sh"),
} as const;
