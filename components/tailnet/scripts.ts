import { readFileSync } from "node:fs";
import { stepScript } from "../rke2/scripts.ts";

function text(file: string): string {
  return readFileSync(new URL(`./scripts/${file}`, import.meta.url), "utf8");
}

/** Scripts that run on machines, each whole: its functions, then its call. */
export const tailnetScripts = {
  join: stepScript + text("join.sh"),
  depart: stepScript + text("depart.sh"),
} as const;
