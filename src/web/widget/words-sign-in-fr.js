/* The French words of signing in by mail, on both pages. */
export const frSignIn = {
  signInTitle: 'Se connecter',
  signInWhy: 'Indiquez votre adresse e-mail : nous vous enverrons un code.',
  email: 'E-mail',
  needEmail: 'Indiquez une adresse e-mail, par exemple ana@example.org.',
  sendCode: 'M’envoyer un code',
  codeSent: 'Si {email} peut se connecter ici, un code est en route. Il est valable 10 minutes.',
  code: 'Code reçu par e-mail',
  signInNow: 'Se connecter',
  signedIn: 'La connexion est établie.',
  wrongCode: 'Ce n’est pas le bon code. Vérifiez-le et réessayez.',
  codeOver: 'Ce code n’est plus valable. Demandez-en un nouveau.',
  otherEmail: 'Utiliser une autre adresse',
  linkElsewhere: 'Le lien ne fonctionne que dans le navigateur qui l’a demandé. Demandez un code ici.',
};

/* The table with a narrow no-break space where French has one: before ; : ! ? % », and after «. */
export const spaced = (words) =>
  JSON.parse(
    JSON.stringify(words)
      .replace(/ ([;:!?%»])/g, '\u202f$1')
      .replace(/« /g, '«\u202f'),
  );
