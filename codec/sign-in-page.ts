/** No script, no picture, nothing from elsewhere, and in no frame. */
export const PAGE_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/** The page on which a person gives the token, so that the Temporal UI's requests carry a session. */
export function signInPage(state: 'signed-in' | 'signed-out' | 'refused'): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>deltaloop codec server</title>
<style>body{font:16px/1.5 system-ui;max-width:38rem;margin:4rem auto;padding:0 1rem}input{width:100%;font:inherit}</style>
<h1>deltaloop codec server</h1>
<p role="status">${WORDS[state]}</p>
<form method="post" action="/sign-in">
<p><label>Token (DELTALOOP_CODEC_TOKEN)<br><input name="token" type="password" required autofocus autocomplete="off"></label></p>
<p><button>Sign in</button></p>
</form>
</html>
`;
}

const WORDS = {
  'signed-in':
    'You are signed in for 12 hours. In the Temporal UI, open the codec server’s settings (the icon at the top right), choose “Use my browser setting”, give the address of this server, tick “Include cross-origin credentials” and apply.',
  'signed-out': 'Give the token that this server was started with; this browser may then decode payloads for 12 hours.',
  refused: 'That is not the token of this server. Nothing was signed in.',
};
