/** Services of Tailscale's: names with addresses of their own, which outlive the cluster that published them. */
import { log, ResourceHook } from "@pulumi/pulumi";
import type { TailnetService } from "./tailscale-types.ts";

/** Calls of Tailscale's API that freeing the name of a Service takes. */
export interface ServiceApi {
  services(): Promise<readonly TailnetService[]>;
  deleteService(name: string): Promise<void>;
}

/** Whether a Service is a site's: it has tags, and all of them are the site's. */
export function isSitesService(
  { tags }: Pick<TailnetService, "tags">,
  own: readonly string[],
): boolean {
  return tags.length > 0 && tags.every((tag) => own.includes(tag));
}

/**
 * Hooks before a group is made that publishes `svc:NAME`: the first refuses one that is somebody else's, in a preview too, the
 * second takes away the site's own. The operator writes its device and the group's UID into the Service, lets no other pair
 * take it over, and calls such a group invalid for good (tailscale/tailscale v1.102.3 cmd/k8s-operator/api-server-proxy-pg.go,
 * exclusiveOwnerAnnotations): a new cluster, or a new group, needs a new Service.
 */
export function freeService(
  hook: string,
  api: ServiceApi,
  tag: string,
  hostname: string,
): readonly ResourceHook[] {
  const name = `svc:${hostname}`;
  const there = async () => (await api.services()).find((service) => service.name === name);
  const refuses = new ResourceHook(
    `${hook}-others`,
    async () => {
      const found = await there();
      if (found === undefined || isSitesService(found, [tag])) return;
      const tags = found.tags.length === 0 ? "no tag" : found.tags.join(", ");
      throw new Error(
        `the tailnet already has a Service ${name} with ${tags}, which is not this site's. Delete it in the admin console under ` +
          "Services, or give the site's another name: homelab:tailnet.proxies.apiServer.hostname",
      );
    },
    { onDryRun: true },
  );
  const frees = new ResourceHook(hook, async () => {
    const found = await there();
    if (found === undefined || !isSitesService(found, [tag])) return;
    await api.deleteService(name);
    void log.info(
      `removed the Service ${name} from the tailnet: the group that published it is gone`,
    );
  });
  return [refuses, frees];
}
