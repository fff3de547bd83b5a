"""Made tables with the schemas that examples/sources name, and the sources at another server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tierwise.definitions.import_source import ImportSource
from tierwise.definitions.read import read_definitions

SOURCES = Path(__file__).parents[2] / "examples" / "sources"

KINGDEE = (
    "create table T_SAL_OUTSTOCK (FID int primary key, FBILLNO varchar(30), FDATE datetime, FCUSTOMERID int, "
    "FSALEORGID int, FDOCUMENTSTATUS char(1), FCANCELSTATUS char(1), FCREATEDATE datetime, FMODIFYDATE datetime, "
    "FAPPROVEDATE datetime)",
    "create table T_SAL_OUTSTOCKENTRY (FENTRYID int primary key, FID int, FSEQ int, FMATERIALID int, "
    "FREALQTY decimal(23,10))",
    "create table T_SAL_OUTSTOCKENTRY_F (FENTRYID int primary key, FID int, FTAXPRICE decimal(23,10), "
    "FDISCOUNT decimal(23,10), FALLAMOUNT decimal(23,10), FCOSTAMOUNT decimal(23,10), FISFREE char(1))",
    "create table T_SAL_RETURNSTOCK (FID int primary key, FBILLNO varchar(30), FDATE datetime, FRETCUSTID int, "
    "FSALEORGID int, FDOCUMENTSTATUS char(1), FCREATEDATE datetime, FMODIFYDATE datetime, FAPPROVEDATE datetime)",
    "create table T_SAL_RETURNSTOCKENTRY (FENTRYID int primary key, FID int, FMATERIALID int, FREALQTY decimal(23,10))",
    "create table T_SAL_RETURNSTOCKENTRY_F (FENTRYID int primary key, FID int, FALLAMOUNT decimal(23,10))",
    "create table T_BD_CUSTOMER (FCUSTID int primary key, FNUMBER varchar(30), FTEL varchar(50), FCREATEDATE datetime, "
    "FMODIFYDATE datetime)",
    "create table T_BD_CUSTOMER_L (FPKID int primary key, FCUSTID int, FLOCALEID int, FNAME varchar(80))",
    "create table T_BD_MATERIAL (FMATERIALID int primary key, FNUMBER varchar(30), FMATERIALGROUP int, "
    "FCREATEDATE datetime, FMODIFYDATE datetime)",
    "create table T_BD_MATERIAL_L (FPKID int primary key, FMATERIALID int, FLOCALEID int, FNAME varchar(80))",
    "create table T_BD_MATERIALGROUP_L (FPKID int primary key, FID int, FLOCALEID int, FNAME varchar(80))",
    "create table T_ORG_ORGANIZATIONS (FORGID int primary key, FNUMBER varchar(30))",
    "insert into T_ORG_ORGANIZATIONS values (1, '100')",
    "insert into T_BD_CUSTOMER values (1, 'KH0001', '13800000000', '2025-01-01', null), "
    "(2, 'LS', '', '2025-01-01', null)",
    "insert into T_BD_CUSTOMER_L values (1, 1, 2052, '上海某某贸易'), (2, 1, 1033, 'Some Trade')",
    "insert into T_BD_MATERIAL values (1, '01.001', 7, '2025-01-01', null), (2, '01.002', 7, '2025-01-01', null)",
    "insert into T_BD_MATERIAL_L values (1, 1, 2052, '机油 4L'), (2, 2, 2052, '机滤')",
    "insert into T_BD_MATERIALGROUP_L values (1, 7, 2052, '保养件')",
    # One audited, one to nobody, one not audited yet, one voided.
    "insert into T_SAL_OUTSTOCK values "
    "(1, 'XSCKD000001', '2026-06-01', 1, 1, 'C', 'A', '2026-06-01 09:00', '2026-06-01 09:30', '2026-06-01 10:00'), "
    "(2, 'XSCKD000002', '2026-06-02', 2, 1, 'C', 'A', '2026-06-02 09:00', null, '2026-06-02 10:00'), "
    "(3, 'XSCKD000003', '2026-06-03', 1, 1, 'B', 'A', '2026-06-03 09:00', null, null), "
    "(4, 'XSCKD000004', '2026-06-03', 1, 1, 'C', 'B', '2026-06-03 09:00', null, '2026-06-03 10:00')",
    "insert into T_SAL_OUTSTOCKENTRY values (11, 1, 1, 1, 2), (12, 1, 2, 2, 1), (21, 2, 1, 1, 1), (31, 3, 1, 1, 1), "
    "(41, 4, 1, 1, 1)",
    "insert into T_SAL_OUTSTOCKENTRY_F values (11, 1, 113, 26, 200, 120, '0'), (12, 1, 30, 0, 0, 12, '1'), "
    "(21, 2, 113, 0, 113, 60, '0'), (31, 3, 113, 0, 113, 60, '0'), (41, 4, 113, 0, 113, 60, '0')",
    "insert into T_SAL_RETURNSTOCK values (1, 'XSTHD000001', '2026-06-05', 1, 1, 'C', '2026-06-05 09:00', null, null)",
    "insert into T_SAL_RETURNSTOCKENTRY values (1, 1, 1, 1), (2, 1, 2, 1)",
    "insert into T_SAL_RETURNSTOCKENTRY_F values (1, 1, 100), (2, 1, 0)",
)

DMS = """
create table tt_balance_order (
  id decimal(10,0), asc_code varchar, balance_no varchar, last_balance_no varchar, ro_no varchar, ro_type decimal(1,0),
  service_advisor varchar, start_time timestamp, owner_name varchar, license varchar, vin varchar,
  start_mileage decimal(8,2), end_mileage decimal(8,2), deliverer varchar, deliverer_mobile varchar,
  balance_time timestamp, total_amount decimal(12,2), is_change_mileage decimal(1,0), is_valid decimal(1,0),
  first_load_date timestamp, last_load_date timestamp);
create table ods_tm_vhcl (vin varchar, book varchar, sold_to_cust_date timestamp, scrpd_date timestamp,
  is_effective decimal(1,0), last_load_date timestamp);
create table td_asc (asc_code varchar, asc_name varchar, asc_full_nm varchar, city_nm varchar, update_tmstp timestamp);
insert into tt_balance_order values
  (1, 'A01', 'B1', null, 'RO1', 1, '王工', '2026-06-01 08:00', '张三', '沪A12345', 'LSGXE83L5D2000001', 9990, 10000.4,
   '李四', '13900000001', '2026-06-01 11:00', 680, 0, 0, '2026-06-02', '2026-06-02'),
  (2, 'A01', 'B2', null, 'RO2', 3, '王工', '2026-06-03 08:00', '张三', '沪A12345', 'LSGXE83L5D2000001', 10, 12, '李四',
   '13900000001', '2026-06-03 11:00', 0, 1, 0, '2026-06-04', '2026-06-04'),
  (3, 'A01', 'B3', null, 'RO3', 2, '', '2026-06-03 08:00', '', '', '', 0, 0, '', '', '2026-06-03 11:00', 99, 0, 0,
   '2026-06-04', '2026-06-04'),
  (4, 'A01', 'B4', null, 'RO4', 1, '王工', '2026-06-03 08:00', '王五', '', 'LSGXE83L5D2000002', 5, 5, '王五', '',
   '2026-06-03 11:00', 50, 0, 1, '2026-06-04', '2026-06-04');
insert into ods_tm_vhcl values ('LSGXE83L5D2000001', '君威', '2025-06-01', null, 1, '2026-06-01'),
  ('LSGXE83L5D2000003', '君越', '2012-06-01', '2025-01-01', 1, '2026-06-01');
insert into td_asc values ('A01', '浦东店', '上海浦东某某汽车销售服务有限公司', '上海', '2026-01-01');
"""
SETTLED_AGAIN = """
insert into tt_balance_order values
  (5, 'A01', 'B5', 'B1', 'RO1', 1, '王工', '2026-06-01 08:00', '张三', '沪A12345', 'LSGXE83L5D2000001', 9990, 10000.4,
   '李四', '13900000001', '2026-06-05 11:00', 600, 0, 0, '2026-06-06', '2026-06-06');
"""


def example_sources(file: str, **at: Any) -> dict[str, ImportSource]:
    """The sources of a file, at another server."""
    found = {}
    for each in read_definitions([SOURCES / file]):
        assert isinstance(each, ImportSource)
        origin = each.origin.model_copy(update=at)
        found[each.name] = each.model_copy(update={"origin": origin})
    return found
