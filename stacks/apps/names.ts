/** The names of applications, in one form: `hostname` is short for one of `expose` that is public. */
import { doorOf, type PublicName } from "../../components/edge/public-name.ts";
import type { GatewayName } from "../../components/gateway/plan.ts";
import type { Exposure } from "./application.ts";
import type { Audience } from "./expose-schema.ts";

/** A name by which an application is reached from outside of the cluster; who may pass counts where it is public. */
export interface AppName extends PublicName {
  readonly app: string;
  readonly to: Audience;
  /** Config path below which the name's other keys lie. */
  readonly path: string;
  /** Config path of the name. */
  readonly from: string;
}

/** The gateway at which names for these are served; the tunnel leads to applications themselves. */
export function gatewayOf(to: Audience): Exclude<GatewayName, "public"> | undefined {
  return ({ lan: "lan", tailnet: "internal", public: undefined } as const)[to];
}

/** Applications as a site's config has them. */
export type Apps = Readonly<Record<string, Exposure | undefined>>;

/** Every name of a site's applications, in the config's order; of each application `hostname` first. */
export function appNames(apps: Apps): readonly AppName[] {
  return Object.entries(apps).flatMap(([app, config]) =>
    config === undefined ? [] : namesOf(app, config),
  );
}

/** The public ones. */
export function publicAppNames(apps: Apps): readonly AppName[] {
  return appNames(apps).filter(({ to }) => to === "public");
}

/** The names of one application. */
export function namesOf(app: string, { hostname, expose, ...short }: Exposure): readonly AppName[] {
  const path = `homelab:apps.${app}`;
  return [
    ...(hostname === undefined
      ? []
      : [
          {
            app,
            hostname,
            to: "public" as const,
            path,
            from: `${path}.hostname`,
            ...doorOf(short),
          },
        ]),
    ...expose.map(({ host, to, ...door }, i) => {
      const entry = `${path}.expose[${i}]`;
      return { app, hostname: host, to, path: entry, from: `${entry}.host`, ...doorOf(door) };
    }),
  ];
}
