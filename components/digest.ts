import { createHash } from "node:crypto";

/** A mark of a text that is no secret: 16 hex digits, equal for equal texts. */
export function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}
