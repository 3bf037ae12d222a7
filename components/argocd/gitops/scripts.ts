import { scriptText } from "../../remote/shell.ts";
import { rke2Script } from "../../rke2/scripts.ts";
import { refreshScript } from "../scripts.ts";

const text = (file: string): string => scriptText(import.meta.url, file);
const shared = rke2Script + refreshScript + text("application.sh");

/** Steps of a hand-over, each whole: its functions, then its call. */
export const handOverScripts = {
  take: shared + text("take.sh"),
  forget: shared + text("forget.sh"),
  return: shared + text("return.sh"),
} as const;
