import { createRouter, createWebHistory, type RouteLocationNormalized } from "vue-router";
import { useSessionStore } from "@/stores/session";

declare module "vue-router" {
  interface RouteMeta {
    open?: boolean; // needs nobody signed in
    title?: string; // message key
    under?: string; // the entry of the main navigation that it belongs to, where its own path does not say
  }
}

const Today = () => import("@/pages/TodayPage.vue");
const Review = () => import("@/pages/ReviewPage.vue");
const Event = () => import("@/pages/EventPage.vue");
const Cameras = () => import("@/pages/CamerasPage.vue");
const Camera = () => import("@/pages/CameraPage.vue");
const CameraEdit = () => import("@/pages/CameraEditPage.vue");
const Batch = () => import("@/pages/BatchPage.vue");
const Site = () => import("@/pages/SitePage.vue");
const Versions = () => import("@/pages/VersionsPage.vue");
const Onboard = () => import("@/pages/OnboardPage.vue");
const Import = () => import("@/pages/ImportPage.vue");
const Health = () => import("@/pages/HealthPage.vue");
const Coverage = () => import("@/pages/CoveragePage.vue");
const Cases = () => import("@/pages/CasesPage.vue");
const Case = () => import("@/pages/CasePage.vue");
const Patrol = () => import("@/pages/PatrolPage.vue");
const Round = () => import("@/pages/RoundPage.vue");
const Plans = () => import("@/pages/PlansPage.vue");
const Points = () => import("@/pages/PointsPage.vue");
const CodeSheet = () => import("@/pages/CodeSheetPage.vue");
const FootPlans = () => import("@/pages/FootPlansPage.vue");
const Tasks = () => import("@/pages/TasksPage.vue");
const Task = () => import("@/pages/TaskPage.vue");
const Numbers = () => import("@/pages/NumbersPage.vue");
const WORKER = [Patrol, Round, Tasks, Task, Numbers];

/** Fetch the code of all pages while the line is good, so that they open when it is not. */
export async function fetchPages(): Promise<void> {
  await Promise.allSettled([...WORKER.map((page) => page()), Today(), Review(), Event(), Cameras(), Camera(), Coverage(), Cases(), Case()]);
}

export const router = createRouter({
  history: createWebHistory(),
  scrollBehavior: (_to, _from, saved) => saved ?? { top: 0 },
  routes: [
    { path: "/", redirect: "/today" },
    { path: "/sign-in", component: () => import("@/pages/SignInPage.vue"), meta: { open: true, title: "signIn.title" } },
    { path: "/setup", component: () => import("@/pages/SetupPage.vue"), meta: { open: true, title: "setup.title" } },
    { path: "/today", component: Today, meta: { title: "today.title" } },
    // One page for both: the address follows the item without the desk being built anew.
    { path: "/review/:id?", component: Review, meta: { title: "review.title" } },
    { path: "/events/:id", component: Event, meta: { title: "review.title" } },
    { path: "/cameras", component: Cameras, meta: { title: "camera.title" } },
    { path: "/cameras/onboard", component: Onboard, meta: { title: "find.onboard.title" } },
    { path: "/cameras/import", component: Import, meta: { title: "find.import.title" } },
    { path: "/health", component: Health, meta: { title: "find.health.title" } },
    { path: "/cameras/:id", component: Camera, meta: { title: "camera.title" } },
    { path: "/cameras/batch", component: Batch, meta: { title: "edit.batch.title" } },
    { path: "/cameras/:id/edit", component: CameraEdit, meta: { title: "camera.title" } },
    { path: "/config/versions", component: Versions, meta: { title: "edit.version.title", under: "/cameras" } },
    { path: "/site", component: Site, meta: { title: "site.title", under: "/cameras" } },
    { path: "/coverage", component: Coverage, meta: { title: "coverage.title", under: "/cameras" } },
    { path: "/cases", component: Cases, meta: { title: "case.title" } },
    { path: "/cases/:id", component: Case, meta: { title: "case.title" } },
    { path: "/patrol", component: Patrol, meta: { title: "patrol.title" } },
    { path: "/patrol/plans", component: Plans, meta: { title: "plans.title" } },
    { path: "/patrol/points", component: Points, meta: { title: "points.title" } },
    { path: "/patrol/points/print", component: CodeSheet, meta: { title: "points.print" } },
    { path: "/patrol/foot-plans", component: FootPlans, meta: { title: "foot.title" } },
    { path: "/patrol/rounds/:id", component: Round, meta: { title: "patrol.title" } },
    { path: "/tasks", component: Tasks, meta: { title: "task.title" } },
    { path: "/tasks/:id", component: Task, meta: { title: "task.title" } },
    { path: "/numbers", component: Numbers, meta: { title: "numbers.title" } },
    {
      path: "/:rest(.*)*",
      component: () => import("@/pages/NotFoundPage.vue"),
      meta: { open: true, title: "page.notFoundTitle" },
    },
  ],
});

/** Only a path of our own may be returned to: an address from outside must not lead people away after sign-in. */
export function safeNext(next: unknown): string {
  return typeof next === "string" && next.startsWith("/") && !/^\/[/\\]/.test(next) ? next : "/today";
}

async function admit(to: RouteLocationNormalized) {
  const session = useSessionStore();
  if (!session.asked) await session.restore();
  if (session.session && to.path === "/sign-in") return safeNext(to.query.next);
  if (session.session || to.meta.open) return true;
  // Not known yet because the gateway cannot be reached: the frame shows that instead of the page.
  if (session.problem) return true;
  return { path: "/sign-in", query: to.path === "/today" ? {} : { next: to.fullPath } };
}

router.beforeEach(admit);
