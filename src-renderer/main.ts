/** Starts the interface. */
import { createPinia } from 'pinia';
import { createApp } from 'vue';

import App from './App.vue';
import { i18n } from './i18n/words.ts';
import { createAppRouter } from './router.ts';
import { usePreferences } from './stores/preferences.ts';
import { useService } from './stores/service.ts';

import './styles/base.css';

const app = createApp(App);
app.use(createPinia());
app.use(i18n);
app.use(createAppRouter());
// Theme and language are set before anything is drawn.
usePreferences();
useService().start();
app.mount('#app');
