/** Somebody's own page, with a conversation beside what it is about. */
export const hostBody = (server: string, conversation: string, token: string): string => `
<meta name="viewport" content="width=device-width">
<style>
  :root { color-scheme: light; }
  body { margin: 0; background: #fbf8f6; color: #2b2430; font: 16px/1.6 system-ui, sans-serif; }
  header { display: flex; align-items: center; gap: 28px; height: 64px; padding: 0 36px; background: #fff; border-bottom: 1px solid #ebe3ea; }
  header b { font-size: 19px; color: #7c3a8c; }
  header span { color: #6b6170; }
  header span:last-child { margin-left: auto; }
  main { display: grid; grid-template-columns: 1fr 440px; gap: 40px; height: 616px; padding: 32px 36px; box-sizing: border-box; }
  h1 { margin: 0 0 6px; font-size: 32px; line-height: 1.2; }
  p { margin: 0 0 14px; max-width: 34em; color: #524957; }
  svg { display: block; width: 100%; height: 250px; margin: 18px 0; border-radius: 12px; }
  parley-chat {
    height: 100%;
    border: 1px solid #ebe3ea;
    border-radius: 12px;
    overflow: hidden;
    --parley-accent: #7c3a8c;
    --parley-radius: 10px;
    --parley-canvas: #f7f1f7;
  }
</style>
<header><b>Atelier Nord</b><span>Courses</span><span>My work</span><span>Gallery</span><span>Ann Okafor</span></header>
<main>
  <section>
    <p>Watercolour, lesson 4 of 8</p>
    <h1>Skies that are never one blue</h1>
    <svg viewBox="0 0 640 250" preserveAspectRatio="xMidYMid slice" aria-hidden="true">
      <defs><linearGradient id="a" x2="0" y2="1"><stop stop-color="#8fb3d9"/><stop offset=".6" stop-color="#e9cfd8"/><stop offset="1" stop-color="#f7e6c9"/></linearGradient></defs>
      <rect width="640" height="250" fill="url(#a)"/>
      <path d="M0 190Q120 150 240 186T470 176T640 168V250H0Z" fill="#9a8bb0"/>
      <path d="M0 214Q160 182 320 212T640 204V250H0Z" fill="#6d6490"/>
      <circle cx="462" cy="96" r="30" fill="#fff6df"/>
    </svg>
    <p>Wet the upper half of the sheet. Begin with the warm colours near the horizon, and let the blue run down into them
    while both are still damp.</p>
    <p>Post yours in the group until Tuesday: we will look at them together.</p>
  </section>
  <parley-chat conversation="${conversation}" token="${token}" theme="light"></parley-chat>
</main>
<script type="module" src="${server}/parley-chat.js"></script>`;
