USE [moscow]
