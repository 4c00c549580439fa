import { ParleyChat } from './shell/parley-chat.tsx';

if (customElements.get('parley-chat') === undefined) customElements.define('parley-chat', ParleyChat);
