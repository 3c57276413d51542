//! The pages of a client.
//!
//! One file a page: handler, form and view together, its template in `templates/client/`. [`words`] tells accounts,
//! reasons and times alike on all of them; [`bars`] are the notification bars at their top.

mod account;
mod account_change;
mod accounts;
mod add;
pub(crate) mod bars;
mod by_hand;
mod connection;
mod entries;
mod found;
mod fresh;
mod help;
mod home;
mod live;
mod offering;
mod one_account;
mod repair;
mod request;
mod review;
mod run;
pub(crate) mod words;

#[cfg(test)]
pub(crate) mod samples;

use crate::route::Routes;

pub(crate) fn routes(routes: Routes) -> Routes {
    let routes = routes
        .get("/", home::show)
        .post("/news/{id}/read", home::read)
        .post("/news/read", home::read_all)
        .get("/accounts", accounts::show)
        .post("/accounts/refresh", accounts::refresh_all)
        .post("/accounts/undo", accounts::undo)
        .get("/accounts/{id}", account::show)
        .post("/accounts/{id}/settings", account_change::settings)
        .post("/accounts/{id}/value", account_change::value)
        .get("/accounts/{id}/delete", account_change::ask_delete)
        .post("/accounts/{id}/delete", account_change::delete)
        .get("/help/adding-accounts", help::adding)
        .get("/help/troubleshooting", help::troubleshooting);
    connecting(adding(routes))
}

fn adding(routes: Routes) -> Routes {
    routes
        .get("/accounts/add", add::fork)
        .get("/accounts/add/search", add::search)
        .post("/accounts/add/search/nothing", request::nothing)
        .post("/accounts/add/search/chosen", request::chosen)
        .get("/accounts/add/request", request::show)
        .post("/accounts/add/request", request::ask)
        .get("/accounts/add/by-hand", by_hand::show)
        .post("/accounts/add/by-hand", by_hand::add)
        .get("/accounts/add/{offering}", offering::show)
        .post("/accounts/add/{offering}", offering::connect)
        .get("/accounts/add/{offering}/notice", offering::back)
        .post("/accounts/add/{offering}/notice", offering::confirm)
        .get("/accounts/add/{offering}/tell-me", offering::back)
        .post("/accounts/add/{offering}/tell-me", offering::tell_me)
}

fn connecting(routes: Routes) -> Routes {
    routes
        .get("/connections/{id}", connection::show)
        .get("/connections/{id}/events", live::events)
        .get("/connections/{id}/answer", run::back)
        .post("/connections/{id}/answer", run::answer)
        .get("/connections/{id}/refresh", run::back)
        .post("/connections/{id}/refresh", run::refresh)
        .get("/connections/{id}/find-new", run::back)
        .post("/connections/{id}/find-new", run::find_new)
        .get("/connections/{id}/start-again", run::back)
        .post("/connections/{id}/start-again", run::start_again)
        .get("/connections/{id}/offer-again", run::back)
        .post("/connections/{id}/offer-again", one_account::offer_again)
        .get("/connections/{id}/close-account", run::back)
        .post("/connections/{id}/close-account", one_account::close)
        .get("/connections/{id}/reopen-account", run::back)
        .post("/connections/{id}/reopen-account", one_account::reopen)
        .get("/connections/{id}/review", review::show)
        .post("/connections/{id}/review", review::decide)
        .get("/connections/{id}/login", repair::show_login)
        .post("/connections/{id}/login", repair::login)
        .get("/connections/{id}/disconnect", repair::ask_disconnect)
        .post("/connections/{id}/disconnect", repair::disconnect)
        .get("/fix", repair::queue)
}
