/** Domains in which anybody gets an address: a policy that lets one in lets everybody in. Not all there are; the usual ones. */
const open = new Set(
  `
    gmail.com googlemail.com outlook.com outlook.de hotmail.com hotmail.co.uk hotmail.de hotmail.fr
    live.com live.de msn.com yahoo.com yahoo.co.uk yahoo.co.jp yahoo.de yahoo.fr ymail.com
    rocketmail.com icloud.com me.com mac.com aol.com gmx.com gmx.de gmx.net gmx.at gmx.ch web.de
    freenet.de t-online.de mail.com email.com proton.me protonmail.com pm.me tutanota.com tuta.io
    tuta.com fastmail.com fastmail.fm hey.com zoho.com zohomail.com hushmail.com posteo.de
    posteo.net mailbox.org orange.fr free.fr laposte.net sfr.fr wanadoo.fr libero.it virgilio.it
    comcast.net verizon.net att.net btinternet.com mail.ru inbox.ru bk.ru list.ru yandex.ru
    yandex.com ya.ru qq.com foxmail.com 163.com 126.com yeah.net sina.com naver.com daum.net
    rediffmail.com uol.com.br bol.com.br seznam.cz wp.pl o2.pl onet.pl interia.pl mailinator.com
    guerrillamail.com yopmail.com temp-mail.org 10minutemail.com
  `
    .trim()
    .split(/\s+/),
);

/** Whether anybody can have an address in a domain. */
export const isOpenMailDomain = (domain: string): boolean => open.has(domain.toLowerCase());
