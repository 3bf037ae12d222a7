/** Whom the status of a site is asked of, from its stack. */
import { trustSystemAuthorities } from "../../components/http/trust.ts";
import { ask, type Fetch } from "../../stacks/doctor/ask.ts";
import { withCluster } from "../../stacks/doctor/cluster.ts";
import type { ClusterCommand } from "../../stacks/doctor/examined.ts";
import { proxmoxApi } from "../../stacks/parts/proxmox/doctor/api.ts";
import { tokenFrom } from "../../stacks/parts/proxmox/provider.ts";
import { knownSecrets } from "../../stacks/parts/secrets/doctor.ts";
import { askName } from "../../stacks/status/ask-name.ts";
import { lookAtSite } from "../../stacks/status/look.ts";
import type { SeenStatus } from "../../stacks/status/status.ts";
import { examine, releasesOf } from "../doctor/examination.ts";
import type { Site } from "../doctor/site.ts";

/** Looks at a site now, side by side with the doctor. */
export async function siteStatus(site: Site): Promise<SeenStatus> {
  trustSystemAuthorities();
  const { config, kubeconfig } = site;
  const { endpoint, apiToken } = config.proxmox;
  const secrets = knownSecrets(site);
  const lists = askedOnce(ask);
  const look = async (cluster?: ClusterCommand): Promise<SeenStatus> => {
    const { known } = await secrets;
    const token = tokenFrom(apiToken, () => known.get("homelab:proxmox.apiToken"));
    const sources = {
      ...{ cluster, askName, ask: lists, releases: releasesOf(config) },
      proxmox: token === undefined ? undefined : proxmoxApi(endpoint, token, ask),
      examined: examine(site, { secrets, ask: lists }),
    };
    return lookAtSite(site, sources, new Date());
  };
  return kubeconfig === undefined ? look() : withCluster(kubeconfig, look);
}

/** Asks each address once, however often it is wanted: lists of charts are long, and two read them. */
export function askedOnce(fetch: Fetch): Fetch {
  const asked = new Map<string, ReturnType<Fetch>>();
  return (url, options) => {
    const key = `${options?.method ?? "GET"} ${url}`;
    const answer = asked.get(key) ?? fetch(url, options);
    asked.set(key, answer);
    return answer;
  };
}
