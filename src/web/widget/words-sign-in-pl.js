/* The Polish words of signing in by mail, on both pages. */
export const plSignIn = {
  signInTitle: 'Zaloguj się',
  signInWhy: 'Podaj adres e-mail, a wyślemy Ci kod.',
  email: 'E-mail',
  needEmail: 'Podaj adres e-mail, na przykład ana@example.org.',
  sendCode: 'Wyślij mi kod',
  codeSent: 'Jeśli {email} może się tu zalogować, kod jest w drodze. Jest ważny 10 minut.',
  code: 'Kod z e-maila',
  signInNow: 'Zaloguj się',
  signedIn: 'Zalogowano.',
  wrongCode: 'To nie ten kod. Sprawdź go i spróbuj ponownie.',
  codeOver: 'Ten kod stracił ważność. Poproś o nowy.',
  otherEmail: 'Użyj innego adresu',
  linkElsewhere: 'Link działa tylko w przeglądarce, w której o niego poproszono. Poproś tutaj o kod.',
};
