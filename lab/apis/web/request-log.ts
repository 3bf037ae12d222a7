import { appendFileSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";

/** Appends one line a request to a file; does nothing without a file. */
export type RequestLog = (line: string) => void;

/** Opens the log and creates its folder. */
export function openRequestLog(file: string | undefined): RequestLog {
  if (file === undefined) return () => undefined;
  mkdirSync(dirname(file), { recursive: true });
  return (line) => {
    appendFileSync(file, `${new Date().toISOString()} ${line}\n`);
  };
}
