import { argocdSite } from "../argocd-site.ts";
import type { RefusedSites } from "./index.ts";

const path = "homelab:argocd";
const git = "git@git.example.net:home.git";
const signOn = {
  issuer: "https://id.example.net",
  clientId: "argocd",
  clientSecret: "op://Homelab/Argo CD/client-secret",
};

/** Argo CD that nobody could log in to, that reads nothing, or that would hand out more than was meant. */
export const argocd: RefusedSites = {
  "Argo CD that nobody can log in to": {
    edit: argocdSite({ signOn: undefined }),
    at: path,
    says: /nobody could log in; write signOn or homelab:identity\.argocd, or adminPasswordHash/,
  },
  "Argo CD in which nobody may change anything": {
    edit: argocdSite({ signOn }),
    at: `${path}.signOn.admins`,
    says: /names nobody, and the user admin cannot log in/,
  },
  "a password of Argo CD in place of a reference": {
    edit: argocdSite({ adminPasswordHash: "canary" }),
    at: `${path}.adminPasswordHash`,
    says: /use a reference: op:/,
  },
  "a name of Argo CD that leads nowhere": {
    edit: argocdSite({ hostname: "gitops.home.arpa" }),
    at: `${path}.hostname`,
    says: /leads nowhere; write a route in homelab:gateway.routes .* Service argocd-server in argocd, port 80/,
  },
  "Argo CD that lives on without enough hosts": {
    edit: {
      ...argocdSite({ highlyAvailable: true }),
      ...{ "machines[0].workloads": false, "machines[1].workloads": false },
    },
    at: `${path}.highlyAvailable`,
    says: /needs 3 hosts with pods for Redis, and the site has 2/,
  },
  "a repository with a password in its address": {
    edit: argocdSite({ repositories: { home: { url: "https://me:canary@github.com/a/b.git" } } }),
    at: `${path}.repositories.home.url`,
    says: /use https:\/\/HOST\/PATH, USER@HOST:PATH .* without a password/,
  },
  "a repository of SSH without a key": {
    edit: argocdSite({ repositories: { home: { url: "git@github.com:a/b.git" } } }),
    at: `${path}.repositories.home.sshKey`,
    says: /is missing: SSH knows a reader by a key alone/,
  },
  "a repository of SSH at a host that nobody knows": {
    edit: argocdSite({ repositories: { home: { url: git, sshKey: "op://Homelab/Git/key" } } }),
    at: `${path}.knownHosts`,
    says: /no key of git\.example\.net, .* add what ssh-keyscan git\.example\.net prints/,
  },
  "a repository of https with a key of SSH": {
    edit: argocdSite({
      repositories: {
        home: { url: "https://github.com/a/b.git", sshKey: "op://Homelab/Git/key" },
      },
    }),
    at: `${path}.repositories.home.sshKey`,
    says: /is https, which takes no key of SSH; write password/,
  },
  "a repository behind the site's own gateway": {
    edit: argocdSite({ repositories: { home: { url: "https://argocd.home.arpa/b.git" } } }),
    at: `${path}.repositories.home.url`,
    says: /is behind the site's own gateway \(homelab:gateway\.routes\.argocd\)/,
  },
  "an Application from a repository that is not there": {
    edit: argocdSite({ applications: { apps: { repository: "hom", path: "apps" } } }),
    at: `${path}.applications.apps.repository`,
    says: /hom is none of homelab:argocd\.repositories; known are home, public/,
  },
  "an Application out of its folder": {
    edit: argocdSite({ applications: { apps: { repository: "home", path: "../apps" } } }),
    at: `${path}.applications.apps.path`,
    says: /use a folder such as apps/,
  },
  "an Application whose project takes nothing from its repository": {
    edit: argocdSite({
      applications: {
        photos: { repository: "public", path: "photos", project: "household", namespace: "photos" },
      },
    }),
    at: `${path}.applications.photos.repository`,
    says: /the project household takes nothing from public; add it to/,
  },
  "Applications whose project may not make their namespaces": {
    edit: argocdSite({
      applications: {
        apps: { repository: "home", path: "apps", each: true, project: "household" },
      },
    }),
    at: `${path}.applications.apps.each`,
    says: /which the project household may not make; write homelab:argocd\.projects\.household\.clusterWide: true/,
  },
  "a project that may write Argo CD's own namespace": {
    edit: argocdSite({
      projects: { household: { repositories: ["home"], namespaces: ["argocd"] } },
    }),
    at: `${path}.projects.household.namespaces`,
    says: /whoever may write to argocd makes Applications of any project/,
  },
  "a project of Argo CD's own name": {
    edit: argocdSite({
      projects: { default: { repositories: ["home"], namespaces: ["photos"] } },
    }),
    at: `${path}.projects.default`,
    says: /default is Argo CD's own, which may bring everything; use another name/,
  },
  "sign-on by a group of people that is not there": {
    edit: argocdSite({ signOn: { ...signOn, admins: { people: ["owners"] } } }),
    at: `${path}.signOn.admins.people[0]`,
    says: /owners is no group of homelab:people; known are/,
  },
  "sign-on by a person whom tokens cannot name": {
    edit: {
      ...argocdSite({ signOn: { ...signOn, admins: { people: ["family"] } } }),
      "people.family": ["kid@github"],
    },
    at: `${path}.signOn.admins.people[0]`,
    says: /kid@github of family is a login of the tailnet, and tokens name people by e-mail address/,
  },
  "sign-on at an address without TLS": {
    edit: argocdSite({
      signOn: { ...signOn, issuer: "http://id.example.net", admins: { people: ["admins"] } },
    }),
    at: `${path}.signOn.issuer`,
    says: /use an https address/,
  },
  "a version of Argo CD whose kinds nobody has pinned": {
    edit: { ...argocdSite(), "versions.argoCd": "10.1.0" },
    at: "homelab:versions.argoCd",
    says: /the checksums of its custom resource definitions are not known for 10\.1\.0/,
  },
  "a hand-over to an Argo CD that is not there": {
    edit: { "reloader.gitops": "argocd" },
    at: "homelab:reloader.gitops",
    says: /there is no Argo CD to take it; write homelab:argocd, or leave gitops out/,
  },
  "a hand-over without a repository": {
    edit: { ...argocdSite({ applications: {} }), "reloader.gitops": "argocd" },
    at: `${path}.gitops`,
    says: /is missing, and homelab:reloader is handed over: name the repository/,
  },
  "trees in a repository that is not there": {
    edit: argocdSite({ gitops: { repository: "hom" } }),
    at: `${path}.gitops.repository`,
    says: /hom is none of homelab:argocd\.repositories; known are home, public/,
  },
  "a hand-over of what needs a secret": {
    edit: {
      ...argocdSite({ applications: {}, gitops: { repository: "home" } }),
      "apps.typeo.gitops": "argocd",
      "apps.typeo.settings": { SESSION_SECRET: "op://Homelab/Typeo/session-secret" },
    },
    at: "homelab:apps.typeo.settings.SESSION_SECRET",
    says: /is secret, and what is handed over must need none.*OnePasswordItem/,
  },
  "trees in a folder that Argo CD reads anyway": {
    edit: { ...argocdSite({ gitops: { repository: "home" } }), "reloader.gitops": "argocd" },
    at: `${path}.applications.apps.path`,
    says: /what is handed over is in gitops\/home, and has Applications of its own/,
  },
  "an Application of the name of what is handed over": {
    edit: {
      ...argocdSite({
        gitops: { repository: "home" },
        applications: { reloader: { repository: "home", path: "apps" } },
      }),
      "reloader.gitops": "argocd",
    },
    at: `${path}.applications.reloader`,
    says: /homelab:reloader is handed over as the Application reloader; use another name/,
  },
};
