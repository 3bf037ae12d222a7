/** What the site file says of metrics that go to other sites, or come from them. */
import { z } from "zod";
import { label } from "../../config/forms.ts";

/** Keys of the section. */
export const otherSites = {
  sends: z
    .array(label)
    .default([])
    .meta({
      description:
        "Sites to which Prometheus sends what it sees: names of `homelab:tailnet.egress` that lead to their gateways for the tailnet, at port 80",
      examples: [["home"]],
    }),
  receives: z
    .array(label)
    .default([])
    .meta({
      description:
        "Sites whose Prometheus sends here what it sees, through the gateway for the tailnet; an alert says which is silent",
      examples: [["cabin"]],
    }),
};
