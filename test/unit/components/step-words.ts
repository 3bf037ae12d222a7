import { execFileSync } from "node:child_process";

/** A step's script, and the cluster that it asks. */
export interface AskedStep {
  /** Functions that the script calls; the stubs take the place of what reaches a machine or a cluster. */
  readonly functions?: string;
  /** Its parameters, as assignments of the shell. */
  readonly variables: string;
  /** What kubectl prints, as cases of the shell over its arguments; nothing where none fits. */
  readonly cases: string;
  readonly script: string;
}

/** What a step says where kubectl answers by these cases, each wait lasting one look: the message of its failure, or what it prints. */
export function wordsOf({ functions = "", variables, cases, script }: AskedStep): string {
  const stubs = `set -euo pipefail
    ${variables}
    take_turn() { :; }
    fail() { echo "$1"; exit 0; }
    wait_until() { shift; "$@" >/dev/null; }
    kube() {
      case "$*" in
        ${cases}
        *) : ;;
      esac
    }`;
  const input = `${functions}\n${stubs}\n${script}`;
  return execFileSync("bash", ["-s"], { input, encoding: "utf8" }).trim();
}
