import type { Route } from "./route.ts";
import type { Site } from "./site.ts";

/** What a caller may ask about itself. VM.Audit may be narrower than the rest. */
export function accessRoutes({ conditions }: Pick<Site, "conditions">): Route[] {
  return [
    {
      method: "GET",
      path: "access/permissions",
      parameters: ["path", "userid"],
      handle: (call) => {
        const path = call.parameters.text("path") ?? "/";
        const whole = conditions.vmAudit.includes("/");
        const here = call.privileges.filter((privilege) => whole || privilege !== "VM.Audit");
        const narrow = conditions.vmAudit.filter((audited) => audited !== "/");
        return {
          [path]: Object.fromEntries(here.map((privilege) => [privilege, 1])),
          ...Object.fromEntries(narrow.map((audited) => [audited, { "VM.Audit": 1 }])),
        };
      },
    },
  ];
}
