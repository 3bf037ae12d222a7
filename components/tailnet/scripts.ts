import { scriptText, stepScript } from "../remote/shell.ts";
import { rke2Script } from "../rke2/scripts.ts";
import { rolledOutScript } from "../workload/rolled-out.ts";

/** Scripts that run on machines, each whole: its functions, then its call. */
export const tailnetScripts = {
  join: stepScript + scriptText(import.meta.url, "join.sh"),
  found: rke2Script + scriptText(import.meta.url, "found.sh"),
  nameserver: rke2Script + rolledOutScript + scriptText(import.meta.url, "nameserver.sh"),
  depart: stepScript + scriptText(import.meta.url, "depart.sh"),
} as const;
