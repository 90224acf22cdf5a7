import { createPinia } from "pinia";
import { createApp } from "vue";
import App from "./App.vue";
import { applyLocale, i18n, keptLocale } from "./locales";
import { router } from "./router";
import { useAppearanceStore } from "./stores/appearance";
import { useConnectionStore } from "./stores/connection";
import { useOutboxStore } from "./stores/outbox";
import { useReviewStore } from "./stores/review";
import { useSessionStore } from "./stores/session";
import { install } from "./worker/installed";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/kit.css";
import "./styles/coverage.css";

const app = createApp(App);
app.use(createPinia()).use(i18n);

document.documentElement.lang = "zh-CN";
const kept = keptLocale();
if (kept !== null) applyLocale(kept);
useAppearanceStore().begin();
useConnectionStore().begin();
useSessionStore().begin();
useOutboxStore().begin();
useReviewStore().begin();

app.use(router);
// Who is signed in is asked before the first page: nothing flashes up that must not be seen.
await router.isReady();
app.mount("#app");
install();
