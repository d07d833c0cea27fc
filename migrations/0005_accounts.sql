-- How people log in, and from where.

-- WeChat's name for a person in our mini-program.
create table wx_accounts (
    openid text primary key,
    -- The same person in all of a company's programs, where WeChat tells it.
    unionid text,
    account_id text not null,
    created_at bigint not null,
    updated_at bigint not null
);
create unique index wx_accounts_unionid on wx_accounts (unionid) where unionid is not null;
create index wx_accounts_by_account on wx_accounts (account_id);
