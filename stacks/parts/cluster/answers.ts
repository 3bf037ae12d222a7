import { tcpProblem } from "../../doctor/ask.ts";
import type { SiteConfig } from "../../schema.ts";

/** Says whether the cluster's API can be reached. It is asked once: whoever asks would each wait for one that is silent. */
export function apiAnswers({
  cluster: { vip },
}: Pick<SiteConfig, "cluster">): () => Promise<boolean> {
  let asked: Promise<boolean> | undefined;
  return () => (asked ??= tcpProblem(vip, 6443).then((problem) => problem === undefined));
}
